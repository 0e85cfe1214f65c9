//! A service with metrics and health: add a layer, merge a router, read `/metrics` and `/health`.
//!
//! `cargo run --example quickstart`, then try the commands it prints. `PORT` overrides port 3000.
#![allow(clippy::print_stdout, reason = "an example prints what to try")]

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use futures_util::stream;
use tokio::net::TcpListener;
use tower_vitals::health::checks::Uptime;
use tower_vitals::routes::Guard;
use tower_vitals::{Health, HttpMetricsLayer, Prometheus, Routes};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let prometheus = Prometheus::install()?;
    let health = Health::builder().check("uptime", Uptime::new()).build()?;
    let app = Router::new()
        .route("/", get(|| async { "hello\n" }))
        .route("/users/{id}", get(show_user))
        .route("/slow", get(slow))
        .route("/fail", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/stream", get(chunks))
        // Guarded routes are open here because the listener is on loopback. Set a real guard on any other address.
        .merge(
            Routes::new()
                .metrics(prometheus)
                .health(health.clone())
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
    println!("try  curl {url}/users/7");
    println!("     curl {url}/slow       responds after a second");
    println!("     curl {url}/fail       a 500");
    println!("     curl -N {url}/stream  sends chunks for a second");
    println!("     curl {url}/health");
    println!("     curl {url}/metrics    what Prometheus reads");
    // On SIGTERM readiness fails, then the listener closes, and requests in flight finish.
    health
        .shutdown_signal()
        .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
        .await?;
    Ok(())
}

async fn show_user(Path(id): Path<u64>) -> String {
    format!("user {id}\n")
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(1)).await;
    "done\n"
}

async fn chunks() -> Body {
    Body::from_stream(stream::unfold(0, |sent| async move {
        if sent == 10 {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, Infallible>(format!("chunk {sent}\n")), sent + 1))
    }))
}
