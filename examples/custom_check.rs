//! Checks of one's own: a closure, a type with state, and somebody who listens to changes.
//!
//! `cargo run --example custom_check`, and try what it prints. `PORT` chooses another port than 3000.
#![allow(clippy::print_stdout, reason = "an example tells what to try")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use tokio::net::TcpListener;
use tower_vitals::health::{Check, Outcome, Probe};
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{Health, Routes};

/// The orders that wait to be sent: some are normal, many a nuisance, too many a failure.
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
            _ => Outcome::unhealthy().message("nobody sends orders any more"),
        };
        outcome.data("waiting", waiting)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let backlog = Backlog::default();
    let health = Health::builder()
        .check(
            "backlog",
            backlog
                .clone()
                .on(Probe::Readiness)
                .every(Duration::from_secs(1)),
        )
        // Anything with an error that can be shown is a check; what it says is shown without its secrets.
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
                "{} is {}: {} (the whole is {})",
                result.name(),
                result.status(),
                result.message().unwrap_or("all well"),
                change.overall
            );
        }
    });
    health.run();

    // Guarded routes are open and details shown because this listens on loopback only.
    let routes = Routes::new()
        .health(health.clone())
        .guard(Guard::open())
        .details(Details::Always);
    let app = Router::new()
        .route("/orders", post(place_order))
        .with_state(backlog)
        .merge(routes);

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl -X POST {url}/orders    six times");
    println!("     curl {url}/health            meanwhile");
    axum::serve(listener, app)
        .with_graceful_shutdown(health.shutdown_signal().into_future())
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
