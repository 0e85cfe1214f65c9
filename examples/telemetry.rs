//! A service whose logs, metrics and traces agree: each request has an id, a log line, metrics with exemplars, and a span.
//!
//! `cargo run --example telemetry --features logging,otel,request-id`, then try the commands it prints. `PORT` overrides port 3000.
//! The variables of `docs/settings.md` set the rest, such as `LOG_LEVEL=debug`, `LOG_DIR=/tmp/shop`, `ENABLE_JSON_LOGGING=true` and
//! `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318`, without which spans have ids and are not exported.
#![allow(clippy::print_stdout, reason = "an example prints what to try")]

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_vitals::exporter::ExemplarLabels;
use tower_vitals::routes::Guard;
use tower_vitals::telemetry::logging::Logging;
use tower_vitals::telemetry::otel::Tracing;
use tower_vitals::{
    Health, HttpLayer, HttpMetricsLayer, Prometheus, RequestIdLayer, RequestLogLayer, Routes,
    ServerSpanLayer, Settings,
};
use tracing::{error, info, warn};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    let prometheus = Prometheus::builder()
        .exemplars(ExemplarLabels::of_current_span)
        .install()?;
    let mut traces = Tracing::from_settings(&settings)?;
    if !std::env::vars_os().any(|(name, _)| is_endpoint(&name)) {
        traces = traces.without_export();
    }
    let traces = traces.run()?;
    let logging = Logging::from_settings(&settings)?.init_with(traces.layer())?;
    let health = Health::builder().build()?;
    let app = Router::new()
        .route("/orders/{id}", get(show_order))
        .route("/panic", get(cursed))
        // Guarded routes are open here because the listener is on loopback. Set a real guard on any other address.
        .merge(
            Routes::new()
                .metrics(prometheus)
                .health(health.clone())
                .log_level(logging.level())
                .guard(Guard::open()),
        )
        .layer(
            HttpLayer::new()
                .request_id(RequestIdLayer::new())
                .metrics(HttpMetricsLayer::new())
                .log(RequestLogLayer::new())
                .span(ServerSpanLayer::new()),
        );

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl -i {url}/orders/7  the response has the request's id");
    println!("     curl {url}/orders/0     an error");
    println!("     curl {url}/panic        a panic");
    println!(
        "     curl -X PUT -d '{{\"filter\": \"debug\", \"for_seconds\": 60}}' {url}/admin/log-level"
    );
    println!("     curl -H 'Accept: application/openmetrics-text' {url}/metrics | grep trace_id");
    health
        .shutdown_signal()
        .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
        .await?;
    // Spans first, because the log tells of those that were lost. The process ends 5 s after its server at the latest.
    traces.shutdown(Duration::from_secs(2)).await;
    logging.shutdown(Duration::from_secs(2))?;
    Ok(())
}

fn is_endpoint(name: &std::ffi::OsStr) -> bool {
    name == "OTEL_EXPORTER_OTLP_ENDPOINT" || name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
}

async fn show_order(Path(id): Path<u64>) -> Result<String, StatusCode> {
    match id {
        0 => {
            let cause = std::io::Error::other("the shelf is empty");
            error!(
                id,
                error = &cause as &dyn std::error::Error,
                "the order cannot be shown"
            );
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
        1..100 => {
            info!(id, "the order is shown");
            Ok(format!("order {id}\n"))
        }
        _ => {
            warn!(id, "there is no such order");
            Err(StatusCode::NOT_FOUND)
        }
    }
}

#[expect(clippy::panic, reason = "it shows how a panic is logged")]
async fn cursed() {
    panic!("this order is cursed")
}
