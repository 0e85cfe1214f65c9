//! Requests through services: one trace, with the figures of the metrics.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tower::timeout::TimeoutLayer;
use tower::{Layer, Service, ServiceExt};
use tower_vitals::http_metrics::{ClientMetrics, Naming};
use tower_vitals::{ClientMetricsLayer, HttpLayer, HttpMetricsLayer, ServerSpanLayer};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, attribute, hex};
use crate::support;

const MINUTE: Duration = Duration::from_secs(60);

type Body = Empty<bytes::Bytes>;
type Http = Client<HttpConnector, Body>;

fn client() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

fn traced(recorder: impl metrics::Recorder + Send + Sync + 'static) -> ClientMetricsLayer {
    let layer = ClientMetricsLayer::builder("stock").naming(Naming::open_telemetry_client());
    layer.recorder(recorder).build().unwrap().traces()
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.layer(HttpLayer::new().span(ServerSpanLayer::new()));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn fetch(client: &mut ClientMetrics<Http>, url: &str) -> (StatusCode, String) {
    let request = Request::get(url).body(Body::new()).unwrap();
    let response = client.ready().await.unwrap().call(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn named<'a>(spans: &'a [Span], name: &str, kind: i32) -> &'a Span {
    let found = spans
        .iter()
        .find(|span| span.name == name && span.kind == kind);
    found.unwrap_or_else(|| panic!("no {name} of kind {kind}: {spans:#?}"))
}

pub(crate) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(crate) const CALLER: &str = "b7ad6b7169203331";
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

/// Orders something from one service, which asks another one, under this trace. Returns the other one's address and the metrics of the
/// call between them.
pub(crate) async fn order_through_two_services() -> (SocketAddr, support::Reader) {
    let items = get(|headers: HeaderMap| async move {
        info_span!("read stock").in_scope(|| headers["tracestate"].to_str().unwrap().to_owned())
    });
    let stock = serve(Router::new().route("/items/{id}", items)).await;
    let (recorder, reader) = support::recorder();
    let to_stock = traced(recorder).layer(client());
    let orders = get(move || async move {
        let url = format!("http://{stock}/items/7?token=hunter2-long");
        fetch(&mut to_stock.clone(), &url).await.1
    });
    let shop = serve(Router::new().route("/orders/{id}", orders)).await;
    let request = Request::get(format!("http://{shop}/orders/1"))
        .header("Traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .header("TraceState", "vendor=1");
    let response = client()
        .request(request.body(Body::new()).unwrap())
        .await
        .unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "vendor=1");
    (stock, reader)
}

#[tokio::test]
async fn a_request_through_two_services_is_one_trace() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        let tracing = collector.builder().run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        let (stock, reader) = order_through_two_services().await;

        assert_eq!(tracing.shutdown(MINUTE).await.lost(), 0);
        let spans = collector.wait_for(4);
        let server = named(&spans, "GET /orders/{id}", SERVER);
        let call = named(&spans, "GET", CLIENT);
        let other = named(&spans, "GET /items/{id}", SERVER);
        let inner = named(&spans, "read stock", 1);
        for span in &spans {
            assert_eq!(hex(&span.trace_id), TRACE);
            assert_eq!(span.trace_state, "vendor=1");
        }
        assert_eq!(hex(&server.parent_span_id), CALLER);
        assert_eq!(call.parent_span_id, server.span_id);
        assert_eq!(other.parent_span_id, call.span_id);
        assert_eq!(inner.parent_span_id, other.span_id);

        let port = stock.port().to_string();
        let url = format!("http://{stock}/items/7?token=[redacted]");
        for (key, expected) in [
            ("http.request.method", "GET"),
            ("url.full", &*url),
            ("server.address", "127.0.0.1"),
            ("server.port", &*port),
            ("network.protocol.version", "1.1"),
            ("http.response.status_code", "200"),
        ] {
            assert_eq!(
                attribute(&call.attributes, key).as_deref(),
                Some(expected),
                "{key}"
            );
        }
        assert_eq!(attribute(&call.attributes, "error.type"), None);
        let metrics = reader.take();
        let seconds = metrics.samples("http_client_request_duration_seconds", &[]);
        assert_same_duration(call, seconds[0]);
    }
}

fn assert_same_duration(span: &Span, seconds: f64) {
    let expected = (seconds * 1e9).round() as u64;
    let nanos = span.end_time_unix_nano - span.start_time_unix_nano;
    assert_eq!(nanos, expected);
    let millis = attribute(&span.attributes, "duration_ms").unwrap();
    let millis: f64 = millis.parse().unwrap();
    assert_eq!((millis * 1e6).round() as u64, expected);
}

/// Each attempt is a span of its own, and ends with the error of its metric.
#[tokio::test]
async fn failed_attempts_have_the_error_of_the_metric() {
    let collector = Collector::start(BOTH[1]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let app = Router::new()
        .route("/fine", get(|| async { "fine" }))
        .route("/missing", get(|| async { StatusCode::NOT_FOUND }))
        .route("/broken", get(|| async { StatusCode::BAD_GATEWAY }))
        .route("/slow", get(std::future::pending::<String>));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let (recorder, reader) = support::recorder();
    let layer = traced(recorder);

    let mut plain = layer.layer(client());
    for path in ["fine", "missing", "broken"] {
        fetch(&mut plain, &format!("http://{address}/{path}")).await;
    }
    let slow = || {
        Request::get(format!("http://{address}/slow"))
            .body(Body::new())
            .unwrap()
    };
    let impatient = TimeoutLayer::new(Duration::from_millis(20)).layer(client());
    layer.layer(impatient).oneshot(slow()).await.unwrap_err();
    let given_up = tokio::time::timeout(Duration::from_millis(20), plain.clone().oneshot(slow()));
    given_up.await.unwrap_err();
    let nowhere = Request::get("http://127.0.0.1:1/none")
        .body(Body::new())
        .unwrap();
    plain.oneshot(nowhere).await.unwrap_err();

    tracing.shutdown(MINUTE).await;
    let spans = collector.wait_for(6);
    let seen = spans.iter().map(|span| {
        assert_eq!((span.kind, &*span.name), (CLIENT, "GET"));
        let url = attribute(&span.attributes, "url.full").unwrap();
        let path = url.rsplit('/').next().unwrap().to_owned();
        let error = attribute(&span.attributes, "error.type");
        let is_error = span.status.as_ref().is_some_and(|status| status.code == 2);
        assert_eq!(is_error, error.is_some(), "{path}");
        let status = attribute(&span.attributes, "http.response.status_code");
        (path, status.unwrap_or_default(), error.unwrap_or_default())
    });
    let mut seen: Vec<_> = seen.collect();
    seen.sort();
    let expected = [
        ("broken", "502", "502"),
        ("fine", "200", ""),
        ("missing", "404", "404"),
        ("none", "", "error"),
        ("slow", "", ""),
        ("slow", "", "timeout"),
    ];
    let expected = expected.map(|(path, status, error)| (path.into(), status.into(), error.into()));
    assert_eq!(seen, expected);
    let metrics = reader.take();
    let mut errors = metrics.values("http_client_request_duration_seconds", "error_type");
    errors.sort();
    errors.retain(|error| !error.is_empty());
    assert_eq!(errors, ["404", "502", "error", "timeout"]);
}

/// A probe that calls other services: nothing is exported, and they are told so.
#[tokio::test]
async fn a_probe_has_no_spans_here_nor_elsewhere() {
    let collector = Collector::start(BOTH[1]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let parent =
        get(
            |headers: HeaderMap| async move { headers["traceparent"].to_str().unwrap().to_owned() },
        );
    let other = serve(Router::new().route("/parent", parent)).await;
    let to_other = traced(support::recorder().0).layer(client());
    let handler = get(move || async move {
        drop(info_span!("query"));
        fetch(&mut to_other.clone(), &format!("http://{other}/parent"))
            .await
            .1
    });
    let app = Router::new()
        .route("/readyz", handler.clone())
        .route("/work", handler);
    let service = serve(app).await;
    let ask = async |path: &str| {
        let request = Request::get(format!("http://{service}/{path}")).body(Body::new());
        let response = client().request(request.unwrap()).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let probed = ask("readyz").await;
    assert!(
        probed.starts_with("00-") && probed.ends_with("-00"),
        "{probed}"
    );
    let worked = ask("work").await;
    assert!(worked.ends_with("-01"), "{worked}");
    tracing.shutdown(MINUTE).await;
    let names: Vec<_> = collector
        .wait_for(4)
        .into_iter()
        .map(|span| span.name)
        .collect();
    assert_eq!(names, ["GET", "GET /parent", "GET /work", "query"]);
}

#[tokio::test]
async fn a_server_span_inside_another_is_its_child() {
    let collector = Collector::start(BOTH[0]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let layer = || ServerSpanLayer::new().exclude_none();
    let app = Router::new().route("/inner", get(|| async { "answer" }));
    let app = layer().layer(app.layer(layer()));
    let request = Request::get("/inner")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = app.oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap();
    tracing.shutdown(MINUTE).await;
    let spans = collector.wait_for(2);
    let (outer, inner) = (
        named(&spans, "GET", SERVER),
        named(&spans, "GET /inner", SERVER),
    );
    assert_eq!(hex(&outer.parent_span_id), CALLER);
    assert_eq!(inner.parent_span_id, outer.span_id);
}

#[tokio::test]
async fn a_route_that_a_layer_inside_finds_names_the_span() {
    let collector = Collector::start(BOTH[0]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let metrics = HttpMetricsLayer::new();
    let app = Router::new().route("/items/{id}", get(|| async { "answer" }));
    let layer = HttpLayer::new().metrics(metrics.clone());
    let app = layer.span(ServerSpanLayer::new()).layer(app.layer(metrics));
    let request = Request::get("/items/7").body(axum::body::Body::empty());
    let response = app.oneshot(request.unwrap()).await.unwrap();
    response.into_body().collect().await.unwrap();
    tracing.shutdown(MINUTE).await;
    let spans = collector.wait_for(1);
    let span = named(&spans, "GET /items/{id}", SERVER);
    assert_eq!(
        attribute(&span.attributes, "http.route").as_deref(),
        Some("/items/{id}")
    );
}

/// Without `traces()`, and without a subscriber, requests are sent as they are.
#[tokio::test]
async fn nothing_is_sent_without_traces() {
    let headers = get(|headers: HeaderMap| async move { format!("{headers:?}") });
    let address = serve(Router::new().route("/", headers)).await;
    let url = format!("http://{address}/");
    // Another test sets a global subscriber.
    let no_subscriber = tracing::subscriber::NoSubscriber::default();
    let unsubscribed = tracing::subscriber::set_default(no_subscriber);
    let untraced = traced(support::recorder().0).layer(client());
    assert!(!fetch(&mut untraced.clone(), &url).await.1.contains("trace"));
    drop(unsubscribed);
    let tracing = tower_vitals::telemetry::otel::Tracing::builder().without_export();
    let tracing = tracing.run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let off = ClientMetricsLayer::new("stock").layer(client());
    assert!(!fetch(&mut off.clone(), &url).await.1.contains("trace"));
    let on = ClientMetricsLayer::new("stock").traces().layer(client());
    let sent = fetch(&mut on.clone(), &url).await.1;
    assert!(
        sent.contains("traceparent") && !sent.contains("tracestate"),
        "{sent}"
    );
}

#[cfg(feature = "reqwest-0-13")]
#[tokio::test]
async fn reqwest_sends_the_headers_along() {
    let collector = Collector::start(BOTH[1]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let headers = get(|headers: HeaderMap| async move {
        assert_eq!(headers["x-own"], "kept");
        headers["traceparent"].to_str().unwrap().to_owned()
    });
    let address = serve(Router::new().route("/", headers)).await;
    let client = reqwest_0_13::Client::new();
    let layer = ClientMetricsLayer::new("stock").traces();
    let request = client
        .get(format!("http://{address}/"))
        .header("x-own", "kept");
    let sent = layer
        .layer(client)
        .execute(request.build().unwrap())
        .await
        .unwrap();
    let sent = sent.text().await.unwrap();
    tracing.shutdown(MINUTE).await;
    let spans = collector.wait_for(2);
    let (call, server) = (named(&spans, "GET", CLIENT), named(&spans, "GET /", SERVER));
    assert_eq!(server.parent_span_id, call.span_id);
    let id = hex(&call.span_id);
    assert!(sent.contains(&id), "{sent}");
    assert_eq!(
        attribute(&call.attributes, "http.response.status_code").unwrap(),
        "200"
    );
}
