//! A service that keeps its own metrics-exporter-prometheus: the routes take its handle in place of `Prometheus`.
//!
//! `cargo run --example existing_exporter --features metrics-exporter-prometheus`, then try the commands it prints. `PORT`
//! overrides port 3000.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "an example prints what to try, and records as services do"
)]

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use metrics::counter;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::net::TcpListener;
use tower_vitals::catalog::FAMILIES;
use tower_vitals::exporter::{ExistingExporter, HistoryConfig};
use tower_vitals::instrument::Collectors;
use tower_vitals::routes::Guard;
use tower_vitals::{HttpMetricsLayer, Routes};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // The service's own exporter. The crate's histograms are summaries without buckets.
    let mut builder = PrometheusBuilder::new().add_global_label("region", "eu-1");
    for family in FAMILIES.iter().filter(|family| !family.buckets.is_empty()) {
        let name = Matcher::Full(family.name.to_owned());
        builder = builder.set_buckets_for_metric(name, family.buckets)?;
    }
    let handle = builder.install_recorder()?;

    // `Routes::new().metrics(handle)` works too. This also keeps a history and samples the app before each scrape.
    let exporter = ExistingExporter::builder(handle)
        .history(HistoryConfig::new())
        .build()?;
    let collecting = Collectors::new()
        .app(env!("CARGO_PKG_VERSION"), "development")
        .start()?;
    exporter.on_gather(collecting.refresher());

    let app = Router::new()
        .route("/orders/{id}", get(order))
        // Guarded routes are open here because the listener is on loopback. Set a real guard on any other address.
        .merge(Routes::new().metrics(exporter).guard(Guard::open()))
        .layer(HttpMetricsLayer::new());

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl {url}/orders/7");
    println!("     curl {url}/metrics             the exporter's own text");
    println!("     curl {url}/metrics/json        the same metrics as JSON");
    println!("     curl {url}/metrics/registries  all families");
    println!("     curl '{url}/metrics/history?metric=http_requests_total'");
    axum::serve(listener, app).await?;
    Ok(())
}

async fn order() -> &'static str {
    counter!("orders_total", "shop" => "eu").increment(1);
    "an order\n"
}
