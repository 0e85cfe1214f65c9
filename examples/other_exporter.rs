//! Without Prometheus: the layer records through the `metrics` facade, so any recorder of that facade reads it.
//!
//! `cargo run --example other_exporter` runs to its end and prints what `metrics-util`'s debugging recorder saw.
#![allow(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use metrics_util::debugging::DebuggingRecorder;
use tower::ServiceExt;
use tower_vitals::HttpMetricsLayer;
use tower_vitals::http_metrics::Naming;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let recorder = DebuggingRecorder::new();
    let seen = recorder.snapshotter();
    recorder.install()?;

    let app = Router::new()
        .route("/users/{id}", get(|| async { "user" }))
        .layer(HttpMetricsLayer::new().naming(Naming::open_telemetry())?);
    for path in ["/users/1", "/users/2", "/nowhere"] {
        let request = Request::get(path).body(Body::empty())?;
        let response = app.clone().oneshot(request).await?;
        axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    }

    for (key, unit, _, value) in seen.snapshot().into_vec() {
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
