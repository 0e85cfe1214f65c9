//! Exemplars with the ids of the exported spans.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::Request;
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;
use tower_vitals::exporter::ExemplarLabels;
use tower_vitals::{HttpLayer, HttpMetricsLayer, Prometheus, ServerSpanLayer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector};
use tower_vitals::telemetry::otel::Tracing;

/// The exemplars of a service's metrics, and the ids of the spans that it exported.
async fn seen(sampler: &str) -> (Vec<String>, Vec<(String, String)>) {
    let collector = Collector::start(BOTH[1]);
    let url = collector.url();
    let vars = [
        ("OTEL_TRACES_SAMPLER", sampler),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
    ];
    let tracing = Tracing::from_vars(vars).unwrap().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let builder = Prometheus::builder().exemplars(ExemplarLabels::of_current_span);
    let prometheus = builder.build().unwrap();
    let metrics = HttpMetricsLayer::builder()
        .recorder(prometheus.clone())
        .build()
        .unwrap();
    let layer = HttpLayer::new()
        .metrics(metrics)
        .span(ServerSpanLayer::new());
    let app = Router::new()
        .route("/orders", get(|| async { "orders" }))
        .layer(layer);
    let request = Request::get("/orders")
        .body(Empty::<bytes::Bytes>::new())
        .unwrap();
    let response = app
        .oneshot(request.map(axum::body::Body::new))
        .await
        .unwrap();
    response.into_body().collect().await.unwrap();
    tracing.shutdown(Duration::from_secs(60)).await;
    let text = prometheus.render_openmetrics();
    let exemplars = text.lines().filter(|line| line.contains(" # {"));
    let hex = |id: &[u8]| {
        id.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let spans = collector.spans();
    let ids = spans
        .iter()
        .map(|span| (hex(&span.trace_id), hex(&span.span_id)));
    (exemplars.map(str::to_owned).collect(), ids.collect())
}

#[tokio::test]
async fn an_exemplar_has_the_ids_of_the_exported_span() {
    let (exemplars, spans) = seen("always_on").await;
    let [(trace, span)] = &spans[..] else {
        panic!("{spans:?}");
    };
    let labels = format!("# {{trace_id=\"{trace}\",span_id=\"{span}\"}}");
    let of = |name: &str| {
        let lines = exemplars.iter().filter(|line| line.starts_with(name));
        lines.filter(|line| line.contains(&labels)).count()
    };
    assert_eq!(
        of("http_request_duration_seconds_bucket"),
        1,
        "{exemplars:?}"
    );
    assert_eq!(of("http_requests_total"), 1, "{exemplars:?}");
}

#[tokio::test]
async fn a_span_that_is_not_sampled_is_no_exemplar() {
    assert_eq!(seen("always_off").await, (Vec::new(), Vec::new()));
}
