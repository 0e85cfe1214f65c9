//! Without Prometheus: the layer records through the `metrics` facade, so it works with any recorder.
//!
//! `cargo run --example other_exporter` prints the metrics in the debugging recorder of `metrics-util` and exits.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use metrics_util::debugging::DebuggingRecorder;
use tower::ServiceExt;
use tower_vitals::HttpMetricsLayer;
use tower_vitals::http_metrics::Naming;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install()?;

    let app = Router::new()
        .route("/users/{id}", get(|| async { "user" }))
        .layer(
            HttpMetricsLayer::builder()
                .naming(Naming::open_telemetry())
                .build()?,
        );
    for path in ["/users/1", "/users/2", "/nowhere"] {
        let request = Request::get(path).body(Body::empty())?;
        let response = app.clone().oneshot(request).await?;
        axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    }

    for (key, unit, _, value) in snapshotter.snapshot().into_vec() {
        let unit = unit.map_or("none", |unit| unit.as_str());
        let labels = key
            .key()
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()));
        let labels = labels.collect::<Vec<_>>().join(" ");
        println!("{} [{unit}] {labels}: {value:?}", key.key().name());
    }
    Ok(())
}
