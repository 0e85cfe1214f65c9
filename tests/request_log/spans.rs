//! The server span: its attributes, its children, and which requests have one.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{any, get};
use http::{Request, Version};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt};
use tower_vitals::{HttpLayer, HttpMetricsLayer, RequestIdLayer, ServerSpanLayer};
use tracing_subscriber::filter::LevelFilter;

use crate::capture::{Capture, Fields};

fn app() -> Router {
    Router::new()
        .route("/users/{id}", any(|| async { "user" }))
        .route(
            "/healthz",
            get(|| async { tracing::info_span!("child").in_scope(|| "well") }),
        )
}

/// Serves one request and returns the attributes of its span.
async fn span(request: Request<Body>, layer: ServerSpanLayer) -> Fields {
    let (capture, _guard) = Capture::new();
    let response = app().layer(layer).oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    let mut fields = capture.span().fields;
    assert!(fields.remove("duration_ms").unwrap().as_f64().unwrap() > 0.0);
    fields
}

#[tokio::test]
async fn a_span_has_the_attributes_of_the_conventions() {
    let request = Request::get("/users/7?page=2&X-Amz-Signature=abc")
        .header("host", "shop.example:8443")
        .header("user-agent", "curl/8.9.1")
        .header("x-forwarded-for", "198.51.100.7")
        .extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4711))))
        .body(Body::empty())
        .unwrap();
    let layer = ServerSpanLayer::new()
        .url_scheme("https")
        .trusted_proxies(["10.0.0.0/8"])
        .unwrap();
    let expected = json!({
        "otel.name": "GET /users/{id}",
        "otel.kind": "server",
        "http.request.method": "GET",
        "http.route": "/users/{id}",
        "http.response.status_code": 200,
        "url.path": "/users/7",
        "url.query": "page=2&X-Amz-Signature=[redacted]",
        "url.scheme": "https",
        "server.address": "shop.example",
        "server.port": 8443,
        "client.address": "198.51.100.7",
        "user_agent.original": "curl/8.9.1",
        "network.protocol.version": "1.1",
    });
    assert_eq!(Value::from_iter(span(request, layer).await), expected);
}

#[tokio::test]
async fn an_unknown_method_is_other_and_a_request_without_a_route_has_its_method_as_name() {
    let request = |method: &str, path: &str| {
        let builder = Request::builder().method(method).uri(path);
        builder
            .version(Version::HTTP_2)
            .body(Body::empty())
            .unwrap()
    };
    let seen = async |method, path| {
        let fields = span(request(method, path), ServerSpanLayer::new()).await;
        let names = [
            "otel.name",
            "http.request.method",
            "http.request.method_original",
            "http.route",
        ];
        names.map(|name| fields.get(name).and_then(Value::as_str).map(str::to_owned))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen("BREW", "/users/7").await,
        [
            some("HTTP /users/{id}"),
            some("_OTHER"),
            some("BREW"),
            some("/users/{id}")
        ]
    );
    assert_eq!(
        seen("BREW", "/absent").await,
        [some("HTTP"), some("_OTHER"), some("BREW"), None]
    );
    assert_eq!(
        seen("GET", "/absent").await,
        [some("GET"), some("GET"), None, None]
    );
}

#[tokio::test]
async fn a_named_endpoint_of_the_metrics_is_the_route() {
    let (capture, _guard) = Capture::new();
    let metrics = HttpMetricsLayer::builder()
        .endpoint(|_| Some("/named"))
        .build()
        .unwrap();
    let service = tower::service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    });
    let layer = HttpLayer::new()
        .metrics(metrics)
        .span(ServerSpanLayer::new());
    layer
        .layer(service)
        .oneshot(Request::new(Body::empty()))
        .await
        .unwrap();
    assert_eq!(capture.span().fields["otel.name"], "GET /named");
}

/// A layer around the router as a service sees no route, but one inside does.
#[tokio::test]
async fn a_route_that_a_layer_inside_finds_is_in_the_span() {
    let (capture, _guard) = Capture::new();
    let metrics = HttpMetricsLayer::new();
    let layer = HttpLayer::new()
        .metrics(metrics.clone())
        .span(ServerSpanLayer::new());
    let service = layer.layer(app().layer(metrics));
    for (path, name, route) in [
        ("/users/7", "GET /users/{id}", Some("/users/{id}")),
        ("/absent", "GET", None),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        response.into_body().collect().await.unwrap();
        let spans = capture.spans();
        let fields = &spans.last().unwrap().fields;
        let found = fields.get("http.route").and_then(Value::as_str);
        assert_eq!((&fields["otel.name"], found), (&name.into(), route));
    }
}

#[tokio::test]
async fn probes_have_no_span() {
    let (capture, _guard) = Capture::new();
    let probe = Request::get("/healthz").body(Body::empty()).unwrap();
    app()
        .layer(ServerSpanLayer::new())
        .oneshot(probe)
        .await
        .unwrap();
    // Without the feature `otel`, the spans inside stay.
    let spans = capture.spans();
    assert!(
        spans
            .iter()
            .all(|span| span.target != crate::capture::TARGET),
        "{spans:?}"
    );
}

#[tokio::test]
async fn a_disabled_span_leaves_id_and_answer() {
    let (capture, _guard) = Capture::at(LevelFilter::OFF);
    let layer = HttpLayer::new()
        .request_id(RequestIdLayer::new())
        .span(ServerSpanLayer::new());
    let mut request = Request::get("/users/7").body(Body::empty()).unwrap();
    request
        .headers_mut()
        .insert("x-request-id", "mine".parse().unwrap());
    let response = app().layer(layer).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "mine");
    assert!(capture.spans().is_empty());
}

#[tokio::test]
async fn what_a_cancelled_service_drops_logs_inside_the_span() {
    struct Farewell;
    impl Drop for Farewell {
        fn drop(&mut self) {
            tracing::info!("farewell");
        }
    }
    let (capture, _guard) = Capture::new();
    let handler = || async {
        let _farewell = Farewell;
        std::future::pending::<()>().await;
    };
    let app = Router::new().route("/", get(handler)).layer(
        HttpLayer::new()
            .request_id(RequestIdLayer::new())
            .span(ServerSpanLayer::new()),
    );
    let mut request = Request::new(Body::empty());
    request
        .headers_mut()
        .insert("x-request-id", "mine".parse().unwrap());
    assert!(futures_util::FutureExt::now_or_never(app.oneshot(request)).is_none());
    let lines = capture.with_message("farewell");
    assert_eq!(capture.request_ids(&lines[0]), ["mine"]);
}
