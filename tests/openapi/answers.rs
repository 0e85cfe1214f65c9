//! Each response is one that the document describes.

use std::collections::BTreeSet;

use axum::Router;
use boon::{Compiler, Schemas};
use serde_json::{Map, Value, json};

use crate::document::{json, operations};
use crate::service::{Answer, open_routes, send};

const JSON: (&str, &str) = ("accept", "application/json");
const HEALTH_JSON: (&str, &str) = ("accept", "application/health+json");
const OPEN_METRICS: (&str, &str) = ("accept", "application/openmetrics-text");
const OTHER_ORIGIN: (&str, &str) = ("origin", "https://evil.example");

/// A request to the route of a path as documented.
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The path's parameter and the query.
    pub(crate) concrete: String,
    pub(crate) header: Option<(&'static str, &'static str)>,
    pub(crate) body: String,
    pub(crate) status: u16,
}

fn request(method: &'static str, path: &'static str, status: u16) -> Request {
    Request {
        method,
        path,
        concrete: path.to_owned(),
        header: None,
        body: String::new(),
        status,
    }
}

fn ok(path: &'static str) -> Request {
    request("GET", path, 200)
}

impl Request {
    fn at(mut self, concrete: &str) -> Self {
        concrete.clone_into(&mut self.concrete);
        self
    }

    fn with(mut self, header: (&'static str, &'static str)) -> Self {
        self.header = Some(header);
        self
    }

    fn body(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self
    }

    pub(crate) async fn send(&self, app: &Router) -> Answer {
        let headers: Vec<_> = self.header.into_iter().collect();
        let answer = send(app, self.method, &self.concrete, &headers, &self.body).await;
        let body = String::from_utf8_lossy(&answer.body);
        assert_eq!(
            answer.status, self.status,
            "{} {}: {body}",
            self.method, self.concrete
        );
        answer
    }
}

/// Requests that succeed, at least one for each operation, in an order in which they do.
pub(crate) async fn successes(app: &Router) -> Vec<Request> {
    let list = send(app, "GET", "/alerts", &[], "").await.json();
    let alert = |n: usize| list["alerts"][n]["id"].as_str().unwrap().to_owned();
    let ann = json!({ "by": "ann" });
    let silence = json!({ "by": "ann", "for_seconds": 600, "note": "known" });
    let by_label = json!({ "by": "ann", "until": "2999-01-01T00:00:00Z", "matchers": [{ "label": "component", "value": "db" }] });
    let post = |path, status| request("POST", path, status);
    vec![
        ok("/health"),
        ok("/health").with(HEALTH_JSON),
        ok("/healthz"),
        ok("/healthz").with(HEALTH_JSON),
        ok("/livez"),
        ok("/readyz"),
        ok("/startupz"),
        ok("/health/live"),
        ok("/health/ready"),
        ok("/health/startup"),
        ok("/health/detailed"),
        ok("/health/checker/{name}").at("/health/checker/stock"),
        ok("/health/group/{tag}").at("/health/group/db"),
        ok("/health/status"),
        ok("/metrics"),
        ok("/metrics").with(JSON),
        ok("/metrics").with(OPEN_METRICS),
        ok("/metrics/prometheus"),
        ok("/metrics/json"),
        ok("/metrics/registries"),
        ok("/metrics/history")
            .at("/metrics/history?metric=active_connections&kind=values&window=5m&sum=false"),
        ok("/metrics/history"),
        ok("/jobs"),
        ok("/jobs/status").at("/jobs/status?job_name=nightly&status=failed&limit=1"),
        ok("/jobs/status").at("/jobs/status?limit=1"),
        ok("/jobs/stats/{name}").at("/jobs/stats/nightly"),
        ok("/alerts").at("/alerts?state=firing&level=critical&limit=1"),
        ok("/alerts"),
        ok("/alerts/history").at("/alerts/history?since=2026-11-21T00:00:00Z"),
        ok("/alerts/stats"),
        ok("/alerts/rules"),
        ok("/alerts/rules/{name}/explain").at("/alerts/rules/TooManyConnections/explain"),
        ok("/alerts/rules/{name}/explain")
            .at("/alerts/rules/somebody%20pressed%20the%20button/explain"),
        post("/alerts/{id}/acknowledge", 200)
            .at(&format!("/alerts/{}/acknowledge", alert(0)))
            .body(&ann),
        post("/alerts/{id}/suppress", 201)
            .at(&format!("/alerts/{}/suppress", alert(0)))
            .body(&silence),
        post("/alerts/suppress", 201).body(&by_label),
        ok("/alerts/silences"),
        post("/alerts/silences/{id}/end", 200)
            .at("/alerts/silences/local-1/end")
            .body(&ann),
        post("/alerts/{id}/resolve", 200)
            .at(&format!("/alerts/{}/resolve", alert(1)))
            .body(&ann),
        post("/alerts/channels/{name}/test", 200).at("/alerts/channels/log/test"),
        ok("/admin/config"),
        ok("/admin/log-level"),
        request("PUT", "/admin/log-level", 200)
            .body(&json!({ "filter": "debug", "for_seconds": 600 })),
        request("PUT", "/admin/log-level", 200)
            .body(&json!({ "target": "hyper", "level": "debug" })),
        post("/admin/reset-metrics", 200),
        ok("/dashboard"),
        ok("/dashboard/assets/{name}").at("/dashboard/assets/app.css"),
        ok("/dashboard/config.json"),
        ok("/dashboard/events"),
        ok("/dashboard/family/{name}").at("/dashboard/family/wait_seconds"),
        ok("/dashboard/logs").at("/dashboard/logs?after=0"),
        ok("/dashboard/history").at("/dashboard/history?window=5m"),
        ok("/dashboard/families"),
        ok("/debug/pprof/"),
        ok("/debug/pprof/heap"),
        ok("/debug/tasks"),
        ok("/openapi.json"),
        ok("/docs"),
        ok("/docs/assets/{name}").at("/docs/assets/docs.js"),
        ok("/docs/assets/{name}").at("/docs/assets/swagger-ui.css"),
        ok("/redoc"),
        ok("/redoc/assets/{name}").at("/redoc/assets/redoc.js"),
        ok("/redoc/assets/{name}").at("/redoc/assets/icon.svg"),
    ]
}

/// Requests that are refused.
fn refusals() -> Vec<Request> {
    const UNKNOWN: &str = "/alerts/0123456789abcdef/resolve";
    let ann = json!({ "by": "ann" });
    let large = json!({ "by": "x".repeat(70_000) });
    let get = |path, status, at: &str| request("GET", path, status).at(at);
    let post = |path, status, at: &str| request("POST", path, status).at(at);
    vec![
        get("/health/checker/{name}", 404, "/health/checker/x"),
        get("/health/checker/{name}", 400, "/health/checker/%ff"),
        get("/health/group/{tag}", 404, "/health/group/x"),
        get("/metrics/history", 400, "/metrics/history?metric=none"),
        get("/jobs/status", 400, "/jobs/status?limit=0"),
        get("/jobs/status", 404, "/jobs/status?job_name=none"),
        get("/jobs/stats/{name}", 404, "/jobs/stats/none"),
        get("/jobs/stats/{name}", 400, "/jobs/stats/%ff"),
        get("/alerts", 400, "/alerts?state=none"),
        get("/alerts/history", 400, "/alerts/history?cursor=none"),
        get(
            "/alerts/rules/{name}/explain",
            404,
            "/alerts/rules/none/explain",
        ),
        post("/alerts/{id}/resolve", 404, UNKNOWN).body(&ann),
        post("/alerts/{id}/resolve", 400, "/alerts/none/resolve").body(&ann),
        post(
            "/alerts/{id}/acknowledge",
            404,
            "/alerts/0123456789abcdef/acknowledge",
        )
        .body(&ann),
        post("/alerts/suppress", 400, "/alerts/suppress").body(&ann),
        post("/alerts/suppress", 413, "/alerts/suppress").body(&large),
        post(
            "/alerts/silences/{id}/end",
            404,
            "/alerts/silences/none/end",
        )
        .body(&ann),
        post(
            "/alerts/channels/{name}/test",
            404,
            "/alerts/channels/none/test",
        ),
        post("/admin/reset-metrics", 403, "/admin/reset-metrics").with(OTHER_ORIGIN),
        request("PUT", "/admin/log-level", 400).body(&json!({ "filter": 1 })),
        request("PUT", "/admin/log-level", 413).body(&large),
        get("/dashboard/assets/{name}", 404, "/dashboard/assets/none.js"),
        get("/dashboard/family/{name}", 404, "/dashboard/family/none"),
        get("/dashboard/logs", 400, "/dashboard/logs?after=none"),
        get("/debug/pprof/heap", 400, "/debug/pprof/heap?seconds=1"),
        get("/docs/assets/{name}", 404, "/docs/assets/redoc.js"),
        get("/redoc/assets/{name}", 404, "/redoc/assets/docs.js"),
        get("/redoc/assets/{name}", 400, "/redoc/assets/%ff"),
        get("/openapi.json", 403, "/openapi.json").with(("host", "evil.example")),
    ]
}

/// The content that the document describes for a response.
pub(crate) fn content<'a>(document: &'a Value, request: &Request, answer: &Answer) -> &'a Value {
    let method = request.method.to_lowercase();
    let operation = &document["paths"][request.path][method];
    let contents = &operation["responses"][answer.status.to_string()]["content"];
    let content = &contents[&answer.media_type];
    let (status, media_type) = (answer.status, &answer.media_type);
    assert!(
        content.is_object(),
        "{} {} does not document {status} {media_type}: {contents}",
        request.method,
        request.path
    );
    content
}

/// Fails if a value does not have the schema, whose references are those of the document.
#[track_caller]
pub(crate) fn assert_valid(document: &Value, schema: &Value, value: &Value) {
    const ROOT: &str = "https://shop.example/schema";
    let root = json!({ "components": document["components"], "allOf": [schema] });
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    compiler.add_resource(ROOT, root).unwrap();
    let shape = compiler.compile(ROOT, &mut schemas).unwrap();
    if let Err(error) = schemas.validate(value, shape) {
        panic!("{error:#}\n{value:#}");
    }
}

/// Fails if the document does not describe a response.
pub(crate) fn assert_documented(document: &Value, request: &Request, answer: &Answer) {
    let schema = &content(document, request, answer)["schema"];
    if answer.media_type.ends_with("json") {
        assert_valid(document, schema, &answer.json());
    } else if answer.media_type == "text/event-stream" {
        let text = String::from_utf8(answer.body.clone()).unwrap();
        let fields = text.lines().filter_map(|line| line.split_once(": "));
        let event: Map<_, _> = fields
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        assert_valid(document, schema, &event.into());
    } else {
        assert_eq!(schema["$ref"], "#/components/schemas/monitoring.text");
    }
}

#[tokio::test]
async fn every_operation_responds_as_it_is_documented() {
    let routes = open_routes().await;
    let document = json(&routes.openapi());
    let app = Router::from(routes);
    let mut asked = BTreeSet::new();
    for request in successes(&app).await {
        let answer = request.send(&app).await;
        assert_documented(&document, &request, &answer);
        let operation = &document["paths"][request.path][request.method.to_lowercase()];
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !request.body.is_empty() {
            assert_valid(
                &document,
                body,
                &serde_json::from_str(&request.body).unwrap(),
            );
        }
        asked.insert((request.method.to_owned(), request.path.to_owned()));
    }
    let documented = operations(&document).into_iter();
    let documented: BTreeSet<_> = documented.map(|(method, path, _)| (method, path)).collect();
    assert_eq!(asked, documented);
}

#[tokio::test]
async fn refusals_are_documented_problems() {
    let routes = open_routes().await;
    let document = json(&routes.openapi());
    let app = Router::from(routes);
    for request in refusals() {
        let answer = request.send(&app).await;
        assert_eq!(answer.media_type, "application/problem+json");
        assert_documented(&document, &request, &answer);
    }
}
