//! The metrics layer in an existing stack with request ids, tracing, a limit and a timeout.
//!
//! The layer measures the layers below it, so a request that the timeout ends is a 408 like any other. The limit is above
//! it, because the layer measures no request before its `call` and so not the wait for the limit. `Router::layer` is where
//! the matched path is known.
//!
//! `cargo run --example existing_stack`, then try the commands it prints. `PORT` overrides port 3000.
#![allow(clippy::print_stdout, reason = "an example prints what to try")]

use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::ServiceBuilderExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::MakeRequestUuid;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_vitals::routes::Guard;
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let stack = ServiceBuilder::new()
        .set_x_request_id(MakeRequestUuid)
        .layer(TraceLayer::new_for_http())
        .propagate_x_request_id()
        .layer(GlobalConcurrencyLimitLayer::new(64))
        // The only new line.
        .layer(HttpMetricsLayer::builder().response_body_size().build()?)
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            Duration::from_secs(1),
        ));

    let app = Router::new()
        .route("/", get(|| async { "hello\n" }))
        .route("/late", get(late))
        .route("/panic", get(panic))
        .layer(stack)
        // Merged after the layers, so that the limits do not apply to probes and scrapes. Guarded routes are open here
        // because the listener is on loopback. Set a real guard on any other address.
        .merge(
            Routes::new()
                .metrics(Prometheus::install()?)
                .guard(Guard::open()),
        );

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl -i {url}/");
    println!("     curl -i {url}/late   408 after a second");
    println!("     curl -i {url}/panic  500, and the service goes on");
    println!("     curl {url}/metrics");
    axum::serve(listener, app).await?;
    Ok(())
}

async fn late() -> &'static str {
    tokio::time::sleep(Duration::from_secs(10)).await;
    "done\n"
}

#[expect(clippy::panic, reason = "it shows how a panic is recorded")]
async fn panic() -> &'static str {
    panic!("on request")
}
