//! Spans of the layers for requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::trace::v1::Span;
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::telemetry::otel::TracingBuilder;
use tower_vitals::{
    ClientMetricsLayer, HttpLayer, RequestIdLayer, RequestLogLayer, ServerSpanLayer,
};
use tracing::{Instrument, error, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, attribute, hex};
use crate::services::{CALLER, TRACE};

const MINUTE: Duration = Duration::from_secs(60);

fn traced(path: &str) -> Request<Body> {
    Request::get(path)
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .body(Body::empty())
        .unwrap()
}

fn server_spans() -> HttpLayer {
    HttpLayer::new().span(ServerSpanLayer::new())
}

/// The spans of a request for this path.
async fn exported(
    settings: impl FnOnce(TracingBuilder) -> TracingBuilder,
    app: Router,
    path: &str,
) -> Vec<Span> {
    let collector = Collector::start(BOTH[1]);
    let tracing = settings(collector.builder()).run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let response = app.oneshot(traced(path)).await.unwrap();
    response.into_body().collect().await.unwrap();
    assert_eq!(tracing.shutdown(MINUTE).await.lost(), 0);
    collector.spans()
}

fn as_it_is(builder: TracingBuilder) -> TracingBuilder {
    builder
}

fn event_names(span: &Span) -> Vec<&str> {
    span.events.iter().map(|event| &*event.name).collect()
}

fn status(span: &Span) -> i32 {
    span.status.as_ref().map_or(0, |status| status.code)
}

/// The span that shows the id in logs is none of the trace.
#[tokio::test]
async fn a_request_with_an_id_has_one_span() {
    let app = || Router::new().route("/orders", get(|| async { "orders" }));
    let with_span = app().layer(server_spans()).layer(RequestIdLayer::new());
    let spans = exported(as_it_is, with_span, "/orders").await;
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_eq!((&*spans[0].name, spans[0].kind), ("GET /orders", 2));
    assert_eq!(hex(&spans[0].trace_id), TRACE);
    assert!(attribute(&spans[0].attributes, "request_id").is_some());
    assert_eq!(hex(&spans[0].parent_span_id), CALLER);

    let alone = app().layer(RequestIdLayer::new());
    assert_eq!(exported(as_it_is, alone, "/orders").await, []);
}

#[tokio::test]
async fn an_error_in_the_log_is_no_error_of_a_request_that_succeeds() {
    async fn handler() -> &'static str {
        info_span!("read").in_scope(|| error!("a replica is away"));
        error!(error = "the cache is away", "asking the database");
        let client = service_fn(async |_: Request<()>| {
            error!("asking again");
            Ok::<_, std::io::Error>(http::Response::new(
                http_body_util::Empty::<bytes::Bytes>::new(),
            ))
        });
        let client = ClientMetricsLayer::new("stock").traces().layer(client);
        let request = Request::get("http://stock/items").body(()).unwrap();
        let answer = client.oneshot(request).await.unwrap();
        answer.into_body().collect().await.unwrap();
        "fine"
    }
    async fn broken() -> StatusCode {
        error!("the disk is gone");
        StatusCode::INTERNAL_SERVER_ERROR
    }
    let app = Router::new()
        .route("/fine", get(handler))
        .route("/broken", get(broken))
        .layer(server_spans());
    let mut spans = exported(as_it_is, app.clone(), "/fine").await;
    spans.sort_by(|a, b| a.name.cmp(&b.name));
    let seen: Vec<_> = spans.iter().map(|it| (&*it.name, status(it))).collect();
    assert_eq!(seen, [("GET", 0), ("GET /fine", 0), ("read", 2)]);
    assert_eq!(event_names(&spans[0]), ["asking again"]);
    assert_eq!(event_names(&spans[1]), ["asking the database"]);
    let spans = exported(as_it_is, app, "/broken").await;
    assert_eq!((&*spans[0].name, status(&spans[0])), ("GET /broken", 2));
}

/// A task that the handler leaves behind keeps the span of `tracing` open.
#[tokio::test]
async fn a_span_ends_with_its_request() {
    let collector = Collector::start(BOTH[1]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
    let (task, waits) = (
        Arc::new(Mutex::new(None)),
        Arc::new(Mutex::new(Some(waits))),
    );
    let slot = Arc::clone(&task);
    let handler = move || async move {
        let waits = waits.lock().unwrap().take().unwrap();
        let work = async {
            waits.await.unwrap();
            error!("too late");
            drop(info_span!("mail"));
        };
        *slot.lock().unwrap() = Some(tokio::spawn(work.in_current_span()));
    };
    let app = Router::new().route("/orders", get(handler));
    let response = app.layer(server_spans()).oneshot(traced("/orders")).await;
    response.unwrap().into_body().collect().await.unwrap();
    let spans = collector.wait_for(1);
    let nanos = spans[0].end_time_unix_nano - spans[0].start_time_unix_nano;
    let millis = attribute(&spans[0].attributes, "duration_ms").unwrap();
    let millis: f64 = millis.parse().unwrap();
    assert_eq!(nanos, (millis * 1e6).round() as u64);

    go_on.send(()).unwrap();
    let task = task.lock().unwrap().take().unwrap();
    task.await.unwrap();
    let counts = tracing.shutdown(MINUTE).await;
    assert_eq!((counts.exported, counts.lost()), (2, 0));
    let late = &collector.wait_for(2)[1];
    assert_eq!(
        (&*late.name, &late.parent_span_id),
        ("mail", &spans[0].span_id)
    );
    assert_eq!(status(&spans[0]), 0);
}

#[tokio::test]
async fn the_log_line_of_a_request_is_no_event_of_its_span() {
    let handler = get(|| async { info!("served") });
    let app = Router::new().route("/orders", handler);
    let layer = server_spans().log(RequestLogLayer::new());
    let spans = exported(as_it_is, app.layer(layer), "/orders").await;
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_eq!(event_names(&spans[0]), ["served"]);
}

#[tokio::test]
async fn probes_are_traced_if_they_are_wanted() {
    let app = Router::new()
        .route("/healthz", get(|| async {}))
        .route("/ping", get(|| async {}))
        .layer(HttpLayer::new().span(ServerSpanLayer::new().exclude_none()));
    let all = TracingBuilder::exclude_no_paths;
    for (path, count) in [("/healthz", 1), ("/ping", 1)] {
        let spans = exported(all, app.clone(), path).await;
        assert_eq!(spans.len(), count, "{path}");
    }
    let others = |builder| all(builder).exclude_path("/ping");
    for (path, count) in [("/healthz", 1), ("/ping", 0)] {
        let spans = exported(others, app.clone(), path).await;
        assert_eq!(spans.len(), count, "{path}");
    }
}
