//! Server spans of requests that end in different ways: the time and the error of the metric.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::{FutureExt, StreamExt, stream};
use http::Request;
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::trace::v1::Span;
use tower::ServiceExt;
use tower_vitals::http_metrics::Naming;
use tower_vitals::{HttpLayer, HttpMetricsLayer, ServerSpanLayer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, attribute};
use crate::support;

/// Long enough to tell the end of the body from the end of the head.
const BODY: Duration = Duration::from_millis(60);

fn app() -> Router {
    let chunks = |fails: bool| {
        let parts = stream::iter(0..2).then(move |part| async move {
            tokio::time::sleep(BODY / 2).await;
            match part {
                1 if fails => Err("the disk is gone"),
                _ => Ok("part"),
            }
        });
        Body::from_stream(parts)
    };
    Router::new()
        .route("/fine", get(move || async move { chunks(false) }))
        .route("/broken", get(move || async move { chunks(true) }))
        .route("/panics", get(|| async { panic!("cursed") as () }))
        .route("/hangs", get(std::future::pending::<()>))
}

async fn ask(app: &Router, path: &str) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request);
    let answered = AssertUnwindSafe(tokio::time::timeout(BODY, response)).catch_unwind();
    let Ok(Ok(response)) = answered.await else {
        return;
    };
    let response: http::Response<_> = response.unwrap_or_else(|never: Infallible| match never {});
    let mut body = response.into_body();
    while let Some(Ok(_)) = body.frame().await {
        if path == "/fine?dropped" {
            break;
        }
    }
}

fn millis(span: &Span) -> f64 {
    (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e6
}

#[tokio::test]
async fn a_span_has_the_time_and_the_error_of_the_metric() {
    let collector = Collector::start(BOTH[0]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let (recorder, reader) = support::recorder();
    let metrics = HttpMetricsLayer::builder().naming(Naming::open_telemetry());
    let metrics = metrics.recorder(recorder).build().unwrap();
    let layer = HttpLayer::new()
        .metrics(metrics)
        .span(ServerSpanLayer::new());
    let app = app().layer(layer);
    let cases = [
        ("/fine", None),
        ("/broken", Some("body_error")),
        ("/fine?dropped", Some("body_dropped")),
        ("/panics", Some("panic")),
        ("/hangs", Some("cancelled")),
    ];
    for (at, (path, error)) in cases.into_iter().enumerate() {
        ask(&app, path).await;
        collector.wait_for(at + 1);
        let span = collector.spans().pop().unwrap();
        assert_eq!(
            attribute(&span.attributes, "error.type").as_deref(),
            error,
            "{path}"
        );
        let is_error = span.status.as_ref().is_some_and(|status| status.code == 2);
        assert_eq!(is_error, error.is_some(), "{path}");
        let metric = attribute(&span.attributes, "duration_ms").unwrap();
        let metric: f64 = metric
            .trim_start_matches("DoubleValue(")
            .trim_end_matches(')')
            .parse()
            .unwrap();
        let metrics = reader.take();
        let series = metrics.family("http_server_request_duration_seconds");
        let samples = series.flat_map(|series| match &series.value {
            support::Value::Histogram(samples) => samples.clone(),
            other => panic!("{other:?}"),
        });
        let samples: Vec<_> = samples.map(|seconds| seconds * 1e3).collect();
        let is_metric = |sample: &f64| (sample - metric).abs() < 1e-6;
        assert!(
            samples.iter().any(is_metric),
            "{path}: {metric} ms, {samples:?}"
        );
        let difference = millis(&span) - metric;
        assert!(
            difference.abs() < 20.0,
            "{path}: {} ms, {metric} ms",
            millis(&span)
        );
        let least = if path == "/panics" { 0.0 } else { 29.0 };
        assert!(metric >= least, "{path}: {metric} ms");
    }
}
