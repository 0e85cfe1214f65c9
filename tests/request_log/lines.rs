//! The lines of requests: their fields, their levels, and which requests have one.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use tower_vitals::http_metrics::UserId;
use tower_vitals::{HttpLayer, RequestIdLayer, RequestLogLayer};
use tracing_subscriber::filter::LevelFilter;

use crate::capture::{Capture, Line, TARGET};

fn app() -> Router {
    Router::new()
        .route(
            "/users/{id}",
            get(|| async { "user" }).post(|body: String| async { body }),
        )
        .route("/fails", get(|| async { StatusCode::BAD_GATEWAY }))
        .route(
            "/health/ready",
            get(|| async { StatusCode::SERVICE_UNAVAILABLE }),
        )
        .route("/metrics", get(|| async { "metrics" }))
        .route("/internal/a", get(|| async { "internal" }))
        .route("/me", post(|| async { (UserId::new("user-17"), "me") }))
        .route(
            "/events",
            get(|| async { ([("content-type", "text/event-stream")], "data: 1\n\n") }),
        )
}

fn get_path(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// Serves the requests and returns their lines.
async fn lines(
    layer: RequestLogLayer,
    requests: impl IntoIterator<Item = Request<Body>>,
) -> Vec<Line> {
    let (capture, _guard) = Capture::new();
    let app = app().layer(layer);
    for request in requests {
        let response = app.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    capture.requests()
}

#[tokio::test]
async fn a_line_says_what_was_asked_and_answered() {
    let request = Request::post("/users/7?page=2")
        .header("content-length", "5")
        .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))))
        .extension(UserId::new("user-7"))
        .body(Body::from("hello"))
        .unwrap();
    let lines = lines(RequestLogLayer::new(), [request]).await;
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!(
        (line.level.as_str(), line.target.as_str()),
        ("INFO", TARGET)
    );
    let mut fields = line.fields.clone();
    assert!(fields.remove("duration_ms").unwrap().as_f64().unwrap() > 0.0);
    let expected = serde_json::json!({
        "message": "request",
        "method": "POST",
        "route": "/users/{id}",
        "path": "/users/7",
        "query": "page=2",
        "status": 200,
        "bytes_in": 5,
        "bytes_out": 5,
        "user_id": "user-7",
        "client_address": "192.0.2.1",
        "outcome": "complete",
    });
    assert_eq!(Value::from_iter(fields), expected);
}

#[tokio::test]
async fn a_response_names_the_user_and_an_unmatched_request_has_no_route() {
    let me = Request::post("/me").body(Body::empty()).unwrap();
    let logged = lines(RequestLogLayer::new(), [me, get_path("/absent")]).await;
    assert_eq!(logged[0].fields["user_id"], "user-17");
    assert_eq!(logged[1].fields["route"], "unmatched");
    assert_eq!(
        (&logged[1].fields["status"], logged[1].level.as_str()),
        (&404.into(), "INFO")
    );
}

#[tokio::test]
async fn slow_requests_are_warnings_and_event_streams_are_not_slow() {
    let layer = RequestLogLayer::new().slow_after(Duration::ZERO);
    let paths = ["/users/7", "/fails", "/events"];
    let logged = lines(layer, paths.map(get_path)).await;
    let seen = logged
        .iter()
        .map(|line| (line.level.as_str(), line.fields.contains_key("slow")));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [("WARN", true), ("ERROR", true), ("INFO", false)]
    );
}

#[tokio::test]
async fn probes_and_scrapes_are_excluded_unless_they_are_asked_for() {
    let paths = ["/health/ready", "/metrics", "/internal/a", "/users/7"];
    let logged = async |layer| {
        let lines = lines(layer, paths.map(get_path)).await;
        let paths = lines
            .iter()
            .map(|line| line.fields["path"].as_str().unwrap().to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(
        logged(RequestLogLayer::new()).await,
        ["/internal/a", "/users/7"]
    );
    let without = RequestLogLayer::new().exclude("/internal/*");
    assert_eq!(logged(without).await, ["/users/7"]);
    assert_eq!(logged(RequestLogLayer::new().exclude_none()).await, paths);
}

#[tokio::test]
async fn a_sample_has_its_share_and_all_failed_and_slow_requests() {
    let requests = || {
        (0..100).map(|number| {
            get_path(if number % 10 == 0 {
                "/fails"
            } else {
                "/users/7"
            })
        })
    };
    let logged = lines(RequestLogLayer::new().sample(0.1), requests()).await;
    let failed = logged.iter().filter(|line| line.level == "ERROR").count();
    assert_eq!((failed, logged.len()), (10, 19));
    let slow = RequestLogLayer::new()
        .sample(0.0)
        .slow_after(Duration::ZERO);
    assert_eq!(lines(slow, requests()).await.len(), 100);
    assert_eq!(
        lines(RequestLogLayer::new().sample(0.0), requests())
            .await
            .len(),
        10
    );
}

#[tokio::test]
async fn forwarded_addresses_count_from_trusted_proxies_only() {
    let from = |peer: [u8; 4]| {
        Request::get("/users/7")
            .header("x-forwarded-for", "1.2.3.4, 198.51.100.7, 10.0.0.9")
            .extension(ConnectInfo(SocketAddr::from((peer, 1))))
            .body(Body::empty())
            .unwrap()
    };
    let addresses = async |layer| {
        let lines = lines(layer, [from([10, 0, 0, 1]), from([192, 0, 2, 1])]).await;
        let address = |line: &Line| line.fields["client_address"].as_str().unwrap().to_owned();
        lines.iter().map(address).collect::<Vec<_>>()
    };
    let trusting = RequestLogLayer::new()
        .trusted_proxies(["10.0.0.0/8"])
        .unwrap();
    assert_eq!(addresses(trusting).await, ["198.51.100.7", "192.0.2.1"]);
    assert_eq!(
        addresses(RequestLogLayer::new()).await,
        ["10.0.0.1", "192.0.2.1"]
    );
    let error = RequestLogLayer::new()
        .trusted_proxies(["10.0.0.0/40", "x"])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("2 mistakes: the trusted proxy \"10.0.0.0/40\""),
        "{error}"
    );
}

/// Proxies that write one header pass the client's own other header on.
#[tokio::test]
async fn a_client_cannot_choose_its_address_with_the_header_that_its_proxy_does_not_write() {
    let request = Request::get("/users/7")
        .header("forwarded", "for=1.2.3.4")
        .header("x-forwarded-for", "198.51.100.7")
        .extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))))
        .body(Body::empty())
        .unwrap();
    let layer = RequestLogLayer::new()
        .trusted_proxies(["10.0.0.0/8"])
        .unwrap();
    let lines = lines(layer, [request]).await;
    assert_eq!(lines[0].fields["client_address"], "198.51.100.7");
}

#[tokio::test]
async fn levels_that_are_disabled_write_no_line() {
    for (level, expected) in [
        (LevelFilter::WARN, vec!["ERROR"]),
        (LevelFilter::OFF, vec![]),
        (LevelFilter::INFO, vec!["ERROR", "INFO"]),
    ] {
        let (capture, _guard) = Capture::at(level);
        let app = app().layer(RequestLogLayer::new());
        for path in ["/fails", "/users/7"] {
            app.clone().oneshot(get_path(path)).await.unwrap();
        }
        let levels: Vec<_> = capture
            .requests()
            .into_iter()
            .map(|line| line.level)
            .collect();
        assert_eq!(levels, expected);
    }
}

#[tokio::test]
async fn the_id_is_in_the_line_or_in_its_span_but_once() {
    let set = tower_http::request_id::SetRequestIdLayer::x_request_id(
        tower_http::request_id::MakeRequestUuid,
    );
    let identified = || {
        let mut request = get_path("/users/7");
        request
            .headers_mut()
            .insert("x-request-id", "mine".parse().unwrap());
        request
    };
    let apps = [
        // tower-http's id, ours outside of the layer, ours in the layer, and ours without a span.
        (
            app().layer(RequestLogLayer::new()).layer(set),
            LevelFilter::INFO,
        ),
        (
            app()
                .layer(RequestLogLayer::new())
                .layer(RequestIdLayer::new()),
            LevelFilter::INFO,
        ),
        (
            app().layer(
                HttpLayer::new()
                    .log(RequestLogLayer::new())
                    .request_id(RequestIdLayer::new()),
            ),
            LevelFilter::INFO,
        ),
        (
            app().layer(
                HttpLayer::new()
                    .log(RequestLogLayer::new().slow_after(Duration::ZERO))
                    .request_id(RequestIdLayer::new()),
            ),
            LevelFilter::WARN,
        ),
    ];
    for (number, (app, level)) in apps.into_iter().enumerate() {
        let (capture, _guard) = Capture::at(level);
        app.oneshot(identified()).await.unwrap();
        let ids = capture.request_ids(&capture.request());
        assert_eq!(ids, ["mine"], "app {number}");
    }
}
