//! `/admin/log-level` shows and changes the filter of the log.

use axum::Router;
use axum::body::Body;
use boon::{Compiler, Schemas};
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, ORIGIN};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_vitals::Routes;
use tower_vitals::routes::Guard;
use tower_vitals::telemetry::logging::{Console, LogLevel, Logging};

use crate::support::until;

const PATH: &str = "/admin/log-level";
const LEVELS: &str = "off, error, warn, info, debug and trace are levels";

fn level() -> LogLevel {
    let logging = Logging::builder()
        .console(Console::Off)
        .filter("info,hyper=warn");
    let (_layer, handle) = logging.layer::<tracing_subscriber::Registry>().unwrap();
    handle.level()
}

async fn send(
    routes: &Routes,
    method: Method,
    headers: &[(HeaderName, &str)],
    body: &str,
) -> Response<String> {
    let mut request = Request::builder().method(method).uri(PATH);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let app = Router::from(routes.clone());
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Response::from_parts(parts, String::from_utf8(body).unwrap())
}

/// The body of a response that has the route's shape.
fn shown(response: &Response<String>) -> Value {
    assert_eq!(response.status(), 200, "{}", response.body());
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let body = serde_json::from_str(response.body()).unwrap();
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/routes/openapi/schemas/log-level.json"
    );
    let mut schemas = Schemas::new();
    let shape = Compiler::new().compile(schema, &mut schemas).unwrap();
    schemas
        .validate(&body, shape)
        .unwrap_or_else(|error| panic!("{error:#}\n{body:#}"));
    body
}

async fn get(routes: &Routes) -> Value {
    shown(&send(routes, Method::GET, &[], "").await)
}

async fn put(routes: &Routes, body: Value) -> Value {
    shown(&send(routes, Method::PUT, &[], &body.to_string()).await)
}

#[tokio::test]
async fn the_filter_is_shown_changed_and_returns_by_itself() {
    let level = level();
    let routes = Routes::new().log_level(level.clone()).guard(Guard::open());
    let configured = "info,hyper=warn";
    let at_rest = |filter: &str| json!({ "filter": filter, "until": null, "returns_to": null, "configured": configured });
    assert_eq!(get(&routes).await, at_rest(configured));

    assert_eq!(
        put(&routes, json!({ "filter": "WARN, hyper=Debug" })).await,
        at_rest("warn,hyper=debug")
    );
    assert_eq!(
        put(&routes, json!({ "target": "h2", "level": "error" })).await,
        at_rest("warn,hyper=debug,h2=error")
    );

    let for_a_time = put(&routes, json!({ "filter": "trace", "for_seconds": 90.5 })).await;
    assert_eq!(for_a_time["filter"], "trace");
    assert_eq!(for_a_time["returns_to"], "warn,hyper=debug,h2=error");
    assert_eq!(get(&routes).await, for_a_time);
    put(&routes, json!({ "filter": "trace", "for_seconds": 0.001 })).await;
    until("the filter returns", async || {
        level.status().until.is_none()
    })
    .await;
    assert_eq!(get(&routes).await, at_rest("warn,hyper=debug,h2=error"));

    let target = json!({ "target": "sqlx", "level": "trace", "for_seconds": 604_800 });
    let for_a_week = put(&routes, target).await;
    assert_eq!(for_a_week["filter"], "warn,hyper=debug,h2=error,sqlx=trace");
    assert_eq!(
        put(&routes, json!({ "filter": configured })).await,
        at_rest(configured)
    );
    assert_eq!(level.filter(), configured);
}

#[tokio::test]
async fn a_wrong_body_is_refused_with_the_reason_and_changes_nothing() {
    let level = level();
    let routes = Routes::new().log_level(level.clone()).guard(Guard::open());
    let either = "Either filter (like info,hyper=warn) is needed, or target and level.";
    let time = "The time of a log filter is wrong: more than 0 and at most 604800 seconds (7 days) are allowed.";
    let cases = [
        ("", "The body is empty: a JSON object is needed.".to_owned()),
        ("info", "The body is not JSON: expected value at line 1 column 1.".to_owned()),
        ("{}", either.to_owned()),
        (r#"{"filter": "info", "level": "debug"}"#, either.to_owned()),
        (r#"{"target": "hyper"}"#, either.to_owned()),
        (
            r#"{"filter": 3, "levle": "info"}"#,
            "Field filter is a number: a string is needed. Field \"levle\" is unknown: filter, target, level and for_seconds are \
             allowed."
                .to_owned(),
        ),
        (
            r#"{"filter": "none"}"#,
            format!("The log filter is wrong: \"none\" is no level: write off; {LEVELS}."),
        ),
        (
            r#"{"filter": "info,hyper"}"#,
            format!("The log filter is wrong: \"hyper\" is no level: {LEVELS}, and a target needs one (like hyper=warn)."),
        ),
        (
            r#"{"target": "hyper", "level": "warning"}"#,
            format!("The log filter is wrong: \"warning\" is no level: write warn; {LEVELS}."),
        ),
        (
            r#"{"target": "a b", "level": "warn"}"#,
            "The log filter is wrong: \"a b\" is no target: a path like hyper::client is needed.".to_owned(),
        ),
        (r#"{"filter": "info", "for_seconds": 0}"#, time.to_owned()),
        (r#"{"filter": "info", "for_seconds": 604801}"#, time.to_owned()),
        (
            r#"{"filter": "info", "for_seconds": -1}"#,
            "Field for_seconds is wrong: a number above 0 and at most 604800 is needed.".to_owned(),
        ),
        (
            r#"{"filter": "info", "for_seconds": 1e300}"#,
            "Field for_seconds is wrong: a number above 0 and at most 604800 is needed.".to_owned(),
        ),
    ];
    for (body, detail) in cases {
        let response = send(&routes, Method::PUT, &[], body).await;
        assert_eq!(response.status(), 400, "{body}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let problem: Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(problem["detail"], detail, "{body}");
        assert_eq!(level.filter(), "info,hyper=warn", "{body}");
    }
}

#[tokio::test]
async fn the_route_is_guarded_and_takes_no_request_of_another_origin() {
    let level = level();
    let body = r#"{"filter": "off"}"#;
    let closed = Routes::new().log_level(level.clone());
    for method in [Method::GET, Method::PUT] {
        let response = send(&closed, method, &[], body).await;
        assert_eq!(response.status(), 403);
        assert!(
            response.body().contains("Routes::guard"),
            "{}",
            response.body()
        );
    }
    let open = closed.clone().guard(Guard::with(|_| true));
    let other = [(ORIGIN, "https://example.org")];
    assert_eq!(send(&open, Method::PUT, &other, body).await.status(), 403);
    assert_eq!(send(&open, Method::GET, &other, "").await.status(), 200);
    assert_eq!(level.filter(), "info,hyper=warn");

    let response = send(&open, Method::POST, &[], body).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()[ALLOW], "GET, HEAD, PUT");
    assert_eq!(send(&open, Method::HEAD, &[], "").await.status(), 200);
    assert_eq!(send(&open, Method::PUT, &[], body).await.status(), 200);
    assert_eq!(level.filter(), "off");
}
