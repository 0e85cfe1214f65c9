//! The document says what each guard asks for.

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{Health, Routes};

use crate::document::json;
use crate::service::{get, send};

fn routes() -> Routes {
    let health = Health::builder().build().unwrap();
    Routes::new().health(health).openapi_json()
}

/// The security and the statuses of refusals that the operation at a path has.
fn secured(routes: &Routes, path: &str) -> (Value, Vec<String>) {
    let document = json(&routes.openapi());
    let operation = &document["paths"][path]["get"];
    let statuses = operation["responses"].as_object().unwrap().keys().cloned();
    let refusals = statuses.filter(|status| status == "401" || status == "403");
    (operation["security"].clone(), refusals.collect())
}

#[test]
fn each_guard_is_documented_with_its_schemes_and_its_refusals() {
    let ip = || Guard::ip(["10.0.0.0/8"]);
    let bearer = || Guard::bearer("s3cret");
    let basic = || Guard::basic("ann", "s3cret");
    let token = json!({ "monitoring.bearer": [] });
    let user = json!({ "monitoring.basic": [] });
    let both = json!({ "monitoring.basic": [], "monitoring.bearer": [] });
    for (guard, security, refusals) in [
        (bearer(), json!([token]), vec!["401"]),
        (basic(), json!([user]), vec!["401"]),
        (Guard::bearer(""), json!([token]), vec!["401", "403"]),
        (bearer().hosts(["shop"]), json!([token]), vec!["401", "403"]),
        (ip(), json!([]), vec!["403"]),
        (Guard::with(|_| true), json!([]), vec!["403"]),
        (Guard::open(), json!([]), vec!["403"]),
        (
            Guard::any([ip(), bearer()]),
            json!([{}, token]),
            vec!["401"],
        ),
        (
            Guard::any([bearer(), basic(), bearer()]),
            json!([token, user]),
            vec!["401"],
        ),
        (
            Guard::all([ip(), bearer()]),
            json!([token]),
            vec!["401", "403"],
        ),
        (Guard::all([bearer(), basic()]), json!([both]), vec!["401"]),
    ] {
        let name = format!("{guard:?}");
        let routes = routes().guard(guard);
        let (is, statuses) = secured(&routes, "/openapi.json");
        assert_eq!(
            (is, statuses),
            (security, refusals.iter().map(ToString::to_string).collect()),
            "{name}"
        );
        assert_eq!(secured(&routes, "/livez"), (json!([]), vec![]), "{name}");
    }
    let no_guard = vec!["403".to_owned()];
    assert_eq!(secured(&routes(), "/openapi.json"), (json!([]), no_guard));
}

#[test]
fn only_schemes_of_the_guard_are_components() {
    let schemes = |guard: Guard| {
        let document = json(&routes().guard(guard).openapi());
        document["components"]["securitySchemes"].clone()
    };
    assert_eq!(schemes(Guard::open()), Value::Null);
    assert_eq!(
        schemes(Guard::bearer("s3cret")),
        json!({ "monitoring.bearer": { "type": "http", "scheme": "bearer", "description": "The token of the service's guard." } })
    );
    let text = json(&routes().guard(Guard::basic("ann", "s3cret")).openapi()).to_string();
    assert!(
        !text.contains("s3cret") && !text.contains("ann\""),
        "{text}"
    );
}

#[test]
fn access_to_details_and_protection_are_documented() {
    let bearer = || routes().guard(Guard::bearer("s3cret"));
    let token = json!([{ "monitoring.bearer": [] }]);
    let of = |routes: Routes, path| secured(&routes, path);
    let (guarded, refused) = (vec!["401".to_owned()], vec!["403".to_owned()]);
    assert_eq!(
        of(bearer(), "/health/detailed"),
        (token.clone(), guarded.clone())
    );
    let always = bearer().details(Details::Always);
    assert_eq!(of(always, "/health/detailed"), (json!([]), vec![]));
    let never = bearer().details(Details::Never);
    assert_eq!(of(never, "/health/detailed"), (json!([]), refused));
    let protected = bearer().protect("/livez");
    assert_eq!(of(protected, "/livez"), (token, guarded));
    let public = bearer().public_openapi();
    assert_eq!(of(public, "/openapi.json"), (json!([]), vec![]));
}

#[tokio::test]
async fn the_document_is_guarded_unless_it_is_public() {
    let app = Router::from(routes());
    assert_eq!(get(&app, "/openapi.json").await.status, 403);
    let app = Router::from(routes().guard(Guard::basic("ann", "s3cret")));
    assert_eq!(get(&app, "/openapi.json").await.status, 401);
    let credentials = format!("Basic {}", STANDARD.encode("ann:s3cret"));
    let headers = [("authorization", &*credentials)];
    assert_eq!(
        send(&app, "GET", "/openapi.json", &headers, "")
            .await
            .status,
        200
    );
    let app = Router::from(routes().public_openapi());
    assert_eq!(get(&app, "/openapi.json").await.status, 200);
    assert_eq!(get(&app, "/health/detailed").await.status, 403);
}
