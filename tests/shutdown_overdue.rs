//! A forced shutdown. It needs its own process because it sends itself a signal.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod support;

use std::process::Command;
use std::time::Duration;

use support::request;
use tokio::time::{Instant, timeout};
use tower_vitals::{Health, Routes};

#[tokio::test]
async fn requests_in_flight_can_be_abandoned() {
    let health = Health::builder().build().unwrap();
    let shutdown = health.shutdown_signal().delay(Duration::from_millis(50));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let endless = || std::future::pending::<String>();
    let app = axum::Router::new().route("/events", axum::routing::get(endless));
    let app = app.merge(Routes::new().health(health.clone()));
    let server = axum::serve(listener, app).with_graceful_shutdown(shutdown.clone().into_future());
    let forced = shutdown.force_after(Duration::from_millis(200));
    let serving = tokio::spawn(async move {
        tokio::select! {
            end = server => end.map(|()| "finished"),
            () = forced => Ok("abandoned"),
        }
    });
    assert_eq!(request(&address, "/readyz").await.unwrap().0, 200);
    let events = tokio::spawn(async move { request(&address, "/events").await });
    let pid = std::process::id().to_string();
    let started = Instant::now();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    let ended = timeout(Duration::from_secs(10), serving)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ended.unwrap(), "abandoned");
    assert!(started.elapsed() >= Duration::from_millis(200) && health.is_draining());
    events.abort();
}
