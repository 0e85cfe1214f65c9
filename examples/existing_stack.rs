//! Added to a stack that already has layers: request ids, trace, limits, timeout.
//!
//! Where the layer stands decides what it sees. Outermost of those below it, a request that the timeout answers is a 408
//! like any other. The limit stands outside of it, so that waiting for a place is nobody's duration: a layer sees no
//! request before its `call`. `Router::layer` puts it where the matched path is known.
//!
//! `cargo run --example existing_stack`, and try what it prints. `PORT` chooses another port than 3000.
#![allow(clippy::print_stdout, reason = "an example tells what to try")]

use std::error::Error;
use std::time::Duration;

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
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let stack = ServiceBuilder::new()
        .set_x_request_id(MakeRequestUuid)
        .layer(TraceLayer::new_for_http())
        .propagate_x_request_id()
        .layer(GlobalConcurrencyLimitLayer::new(64))
        // The one line that is new.
        .layer(HttpMetricsLayer::new().response_body_size())
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
        // Merged after the layers, so that probes and scrapes pass none of the app's limits. Guarded routes are open
        // because this listens on loopback only: name a real guard on any other address.
        .merge(
            Routes::new()
                .metrics(Prometheus::install()?)
                .guard(Guard::open()),
        );

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl -i {url}/");
    println!("     curl -i {url}/late   408 after a second");
    println!("     curl -i {url}/panic  500, and the service lives");
    println!("     curl {url}/metrics");
    axum::serve(listener, app).await?;
    Ok(())
}

async fn late() -> &'static str {
    tokio::time::sleep(Duration::from_secs(10)).await;
    "too late\n"
}

#[expect(clippy::panic, reason = "it shows what becomes of one")]
async fn panic() -> &'static str {
    panic!("on request")
}
