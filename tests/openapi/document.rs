//! The document says what is mounted, and where.

use std::collections::BTreeSet;

use axum::Router;
use serde_json::{Value, json};
use tower_vitals::routes::Guard;
use tower_vitals::{Health, Prometheus, Routes};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

use crate::service::{get, open_routes, send};

pub(crate) fn json(document: &OpenApi) -> Value {
    serde_json::to_value(document).unwrap()
}

/// Each operation with its method and its path.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    all
}

fn paths(document: &OpenApi) -> Vec<&str> {
    document.paths.paths.keys().map(String::as_str).collect()
}

/// With the parameter of each path as the builder has it.
fn generic(path: &str) -> String {
    match (path.find('{'), path.find('}')) {
        (Some(from), Some(to)) => [&path[..from], "{name}", &path[to + 1..]].concat(),
        _ => path.to_owned(),
    }
}

#[tokio::test]
async fn every_mounted_route_has_an_operation() {
    let routes = open_routes().await;
    let debug = format!("{routes:?}");
    let (_, list) = debug.split_once("paths: ").unwrap();
    let mounted: BTreeSet<String> =
        serde_json::from_str(&list[..=list.find(']').unwrap()]).unwrap();
    assert!(mounted.len() > 45, "{mounted:?}");
    let document = json(&routes.openapi());
    let documented: BTreeSet<_> = operations(&document)
        .iter()
        .map(|(_, path, _)| generic(path))
        .collect();
    assert_eq!(documented, mounted);
}

#[tokio::test]
async fn every_method_that_is_not_documented_is_refused() {
    let routes = open_routes().await;
    let document = json(&routes.openapi());
    let app = Router::from(routes);
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let concrete = generic(path).replace("{name}", "0123456789abcdef");
            let answer = send(&app, method, &concrete, &[], "").await;
            let is_documented = item.get(method.to_lowercase()).is_some();
            assert_eq!(answer.status != 405, is_documented, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn each_operation_says_what_it_does_under_an_id_of_its_own() {
    let document = json(&open_routes().await.openapi());
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let summary = operation["summary"].as_str().unwrap();
        assert!(summary.len() > 5, "{method} {path}: {summary}");
        assert!(operation["tags"][0].is_string(), "{method} {path}");
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(id.starts_with("monitoring_"), "{id}");
        assert!(ids.insert(id), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let schema = parameter["schema"].as_object().unwrap();
            assert!(!schema.is_empty(), "{method} {path}: {parameter}");
            let description = parameter["description"].as_str().unwrap();
            assert!(description.ends_with('.'), "{description}");
        }
    }
    assert_eq!(document["openapi"], "3.1.0");
    assert!(ids.contains("monitoring_get_jobs_stats_name"), "{ids:?}");
    assert!(ids.contains("monitoring_put_admin_log_level"), "{ids:?}");
}

#[tokio::test]
async fn every_reference_resolves_and_every_schema_is_used() {
    let document = json(&open_routes().await.openapi());
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let there: BTreeSet<_> = schemas.keys().cloned().collect();
    assert_eq!(used, there);
    for (name, schema) in schemas {
        assert!(!schema.as_object().unwrap().is_empty(), "{name} is empty");
    }
    // Keywords that utoipa's own types do not have.
    let alert = &schemas["monitoring.alerts.alert"];
    assert_eq!(alert["unevaluatedProperties"], false);
    let family = &schemas["monitoring.metrics.family"]["oneOf"][0];
    assert_eq!(family["properties"]["type"], json!({ "const": "counter" }));
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(to)) = fields.get("$ref") {
                let name = to.strip_prefix("#/components/schemas/").unwrap();
                found.insert(name.to_owned());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn renamed_and_removed_routes_are_documented_as_they_are() {
    let health = || Health::builder().build().unwrap();
    let routes = Routes::new()
        .rename("/livez", "/internal/alive")
        .rename("/health/checker/{name}", "/internal/check/{name}")
        .remove("/health/status")
        .remove("/openapi.json")
        .openapi_json()
        .health(health());
    let document = routes.openapi();
    assert_eq!(
        paths(&document),
        [
            "/health",
            "/health/detailed",
            "/health/group/{tag}",
            "/health/live",
            "/health/ready",
            "/health/startup",
            "/healthz",
            "/internal/alive",
            "/internal/check/{name}",
            "/readyz",
            "/startupz",
        ]
    );
    // Ids do not change with paths, so generated clients stay as they are.
    let document = json(&document);
    assert_eq!(
        document["paths"]["/internal/alive"]["get"]["operationId"],
        "monitoring_get_livez"
    );
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(!schemas.contains_key("monitoring.status"));
    assert!(
        !schemas
            .keys()
            .any(|name| name.starts_with("monitoring.alerts"))
    );
}

#[test]
fn only_what_is_mounted_is_documented() {
    let document = Routes::new().liveness().openapi();
    assert_eq!(paths(&document), ["/livez"]);
    let livez = json(&document)["paths"]["/livez"]["get"].clone();
    assert_eq!(livez["security"], json!([]));
    assert_eq!(
        livez["responses"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["200"]
    );
    assert_eq!(paths(&Routes::new().openapi()), [""; 0]);
}

#[test]
fn the_formats_of_metrics_are_those_that_the_service_has() {
    let prometheus = Prometheus::builder().build().unwrap();
    let document = json(&Routes::new().metrics(prometheus).openapi());
    let content = &document["paths"]["/metrics"]["get"]["responses"]["200"]["content"];
    let mut expected = vec!["text/plain", "application/openmetrics-text"];
    if cfg!(feature = "protobuf") {
        expected.push("application/vnd.google.protobuf");
    }
    expected.push("application/json");
    expected.sort_unstable();
    let formats: Vec<_> = content.as_object().unwrap().keys().collect();
    assert_eq!(formats, expected);
}

#[test]
fn the_status_of_degraded_health_is_documented() {
    let health = Health::builder()
        .degraded_status(http::StatusCode::TOO_MANY_REQUESTS)
        .build()
        .unwrap();
    let document = json(&Routes::new().health(health).openapi());
    let responses = &document["paths"]["/readyz"]["get"]["responses"];
    let schema = |status: &str| &responses[status]["content"]["application/json"]["schema"];
    assert_eq!(
        schema("429")["$ref"],
        "#/components/schemas/monitoring.health"
    );
    assert_eq!(schema("429"), schema("200"));
    assert!(
        document["paths"]["/health/status"]["get"]["responses"]
            .get("429")
            .is_none()
    );
}

#[tokio::test]
async fn an_app_merges_or_nests_the_document() {
    let routes = Routes::new()
        .liveness()
        .openapi_json()
        .guard(Guard::bearer("s3cret"));
    let shop = || {
        let info = InfoBuilder::new().title("Shop").version("1.0.0");
        OpenApiBuilder::new().info(info.build()).build()
    };
    let mut merged = shop();
    merged.merge(routes.openapi());
    assert_eq!(merged.info.title, "Shop");
    assert_eq!(paths(&merged), ["/livez", "/openapi.json"]);
    let nested = json(&shop().nest("/ops", routes.openapi()));
    assert!(nested["paths"]["/ops/livez"]["get"].is_object());
    let scheme = &nested["components"]["securitySchemes"]["monitoring.bearer"];
    assert_eq!(scheme["scheme"], "bearer");
    assert_eq!(nested.get("servers"), None);
}

#[tokio::test]
async fn the_route_serves_the_document_relative_to_itself() {
    let served = async |routes: Routes, folder: &str, path: &str| {
        let document = json(&routes.openapi());
        let app = match folder {
            "" => Router::from(routes),
            folder => Router::new().nest(folder, routes.into()),
        };
        let answer = get(&app, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.media_type, "application/json");
        let mut served = answer.json();
        let servers = served.as_object_mut().unwrap().remove("servers").unwrap();
        assert_eq!(served, document);
        servers[0]["url"].as_str().unwrap().to_owned()
    };
    let routes = || Routes::new().liveness().openapi_json().guard(Guard::open());
    assert_eq!(served(routes(), "", "/openapi.json").await, ".");
    assert_eq!(served(routes(), "/ops", "/ops/openapi.json").await, ".");
    let renamed = routes().rename("/openapi.json", "/internal/v1/api.json");
    assert_eq!(
        served(renamed, "/ops", "/ops/internal/v1/api.json").await,
        "../.."
    );
}

#[test]
fn mistakes_stay_errors() {
    let error = Routes::new().liveness().public_openapi().build::<()>();
    assert_eq!(
        error.unwrap_err().to_string(),
        "route \"/openapi.json\" is not added: the added routes are /livez"
    );
}

#[tokio::test]
async fn no_route_is_renamed_to_the_path_of_another() {
    let document = open_routes().await.openapi();
    for path in paths(&document) {
        if path == "/livez" {
            continue;
        }
        let renamed = Routes::new().liveness().rename("/livez", generic(path));
        assert!(renamed.build::<()>().is_err(), "{path}");
    }
}

#[test]
fn the_pages_of_merged_builders_share_the_document() {
    let routes = Routes::new().docs_ui().merge(Routes::new().redoc());
    let document = routes.openapi();
    for path in ["/docs", "/openapi.json", "/redoc"] {
        assert!(paths(&document).contains(&path), "{path}");
    }
    assert!(routes.build::<()>().is_ok());
}

#[test]
fn protection_of_the_document_wins_in_any_order() {
    let path = "/openapi.json";
    let security = |routes: Routes| {
        let routes = routes.guard(Guard::bearer("s3cret"));
        json(&routes.openapi())["paths"][path]["get"]["security"].clone()
    };
    let routes = || Routes::new().openapi_json();
    let open = security(routes().public_openapi());
    let protected = security(routes());
    assert_ne!(open, protected);
    assert_eq!(security(routes().public_openapi().protect(path)), protected);
    assert_eq!(security(routes().protect(path).public_openapi()), protected);
}
