//! A service whose logs and metrics agree: lines on the console, warnings and JSON lines in files, a filter that changes at run
//! time.
//!
//! `cargo run --example telemetry --features logging`, then try the commands it prints. `PORT` overrides port 3000, and the
//! variables of `docs/settings.md` set the rest: `LOG_LEVEL=debug`, `LOG_DIR=/tmp/shop`, `ENABLE_JSON_LOGGING=true`.
#![allow(clippy::print_stdout, reason = "an example prints what to try")]

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_vitals::routes::Guard;
use tower_vitals::telemetry::logging::Logging;
use tower_vitals::{Health, HttpMetricsLayer, Prometheus, Routes, Settings};
use tracing::{debug, error, info, warn};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    let logging = Logging::from_settings(&settings)?.init()?;
    let prometheus = Prometheus::install()?;
    let health = Health::builder().build()?;
    let app = Router::new()
        .route("/orders/{id}", get(show_order))
        .route(
            "/panic",
            get(async || -> () { panic!("this order is cursed") }),
        )
        // Guarded routes are open here because the listener is on loopback. Set a real guard on any other address.
        .merge(
            Routes::new()
                .metrics(prometheus)
                .health(health.clone())
                .log_level(logging.level())
                .guard(Guard::open()),
        )
        .layer(HttpMetricsLayer::new());

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl {url}/orders/7");
    println!("     curl {url}/orders/0   an error");
    println!("     curl {url}/panic      a panic");
    println!(
        "     curl -X PUT -d '{{\"filter\": \"debug\", \"for_seconds\": 60}}' {url}/admin/log-level"
    );
    println!("     curl {url}/metrics | grep ^log_events_total");
    health
        .shutdown_signal()
        .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
        .await?;
    info!("the shop is closed");
    logging.shutdown(Duration::from_secs(5))?;
    Ok(())
}

async fn show_order(Path(id): Path<u64>) -> Result<String, StatusCode> {
    debug!(id, "looking for the order");
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
        100.. => {
            warn!(id, "there is no such order");
            Err(StatusCode::NOT_FOUND)
        }
        _ => {
            info!(id, "the order was shown");
            Ok(format!("order {id}\n"))
        }
    }
}
