//! Custom checks: a closure, a type with state, and a subscriber to status changes.
//!
//! Run `cargo run --example custom_check` and try the commands it prints. `PORT` overrides port 3000.
#![allow(clippy::print_stdout, reason = "an example prints commands to try")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use tokio::net::TcpListener;
use tower_vitals::health::{Check, Outcome};
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{Health, Routes};

/// Orders that wait to be sent. A few are normal, more degrade the service, and too many make it unhealthy.
#[derive(Clone, Default)]
struct Backlog {
    waiting: Arc<AtomicUsize>,
}

impl Check for Backlog {
    async fn check(&self) -> Outcome {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let outcome = match waiting {
            0..3 => Outcome::healthy(),
            3..6 => Outcome::degraded().message("orders pile up"),
            _ => Outcome::unhealthy().message("orders are not being sent"),
        };
        outcome.data("waiting", waiting)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let backlog = Backlog::default();
    let health = Health::builder()
        .check("backlog", backlog.clone().every(Duration::from_secs(1)))
        // Any function with a displayable error is a check. Secrets in its message are masked.
        .check(
            "archive",
            archive.optional().cache_for(Duration::from_secs(10)),
        )
        .build()?;

    let mut changes = health.subscribe();
    tokio::spawn(async move {
        while let Some(change) = changes.next().await {
            let result = change.result;
            println!(
                "{} is {}: {} (the service is {})",
                result.name(),
                result.status(),
                result.message().unwrap_or("no message"),
                change.overall
            );
        }
    });
    health.run();

    // Guarded routes and details are open because this server listens on loopback only.
    let routes = Routes::new()
        .health(health.clone())
        .guard(Guard::open())
        .details(Details::Always);
    let app = Router::new()
        .route("/orders", post(place_order))
        .with_state(backlog)
        .merge(routes);

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let address = format!("127.0.0.1:{port}");
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl -X POST {url}/orders    six times");
    println!("     curl {url}/health            after each");
    health
        .shutdown_signal()
        .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
        .await?;
    Ok(())
}

async fn place_order(State(backlog): State<Backlog>) -> String {
    let waiting = backlog.waiting.fetch_add(1, Ordering::Relaxed) + 1;
    format!("{waiting} orders wait\n")
}

async fn archive() -> Result<(), String> {
    Err("cannot reach sftp://backup:hunter2@archive.internal".to_owned())
}
