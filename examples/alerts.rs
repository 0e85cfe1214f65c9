//! Alerts of a service that misbehaves on request, sent to the log and to a webhook in the same process.
//!
//! Run `cargo run --example alerts --features alerts-http,alerts-sqlite` and try the commands that it prints. Stop it, even with
//! `kill -9`, and start it again: alerts, acknowledgements and silences are as before, and nothing is announced twice.
//!
//! Variables: `ALERTS_DB` (the SQLite file, default `alerts.db`), `ALERT_WEBHOOK_URL` (where notifications go besides the log,
//! by default to this process) and `PORT` (default 3000).
#![allow(clippy::print_stdout, reason = "an example prints commands to try")]

use std::env;
use std::io;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tower_vitals::alerts::channels::{Log, from_webhook_url};
use tower_vitals::alerts::stores::SqliteAlerts;
use tower_vitals::alerts::{Alert, Alerts, Level, Receiver, Rule, Rules, Selector, Signal};
use tower_vitals::routes::Guard;
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let prometheus = Prometheus::install()?;
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", listener.local_addr()?);

    let webhook = env::var("ALERT_WEBHOOK_URL").unwrap_or_else(|_| format!("{url}/receiver"));
    let file = env::var("ALERTS_DB").unwrap_or_else(|_| "alerts.db".to_owned());
    let alerts = Alerts::builder()
        .service("shop")
        .external_url(&url)
        .metrics(prometheus.clone())
        .rules(rules()?)
        .channel(Log::new())
        // Short times, because you watch. The defaults are 30 s, 5 min and 5 min.
        .channel(
            Receiver::new("webhook", from_webhook_url(&webhook)?)
                .group_wait(Duration::from_secs(2))
                .group_interval(Duration::from_secs(10))
                .cooldown(Duration::from_secs(10)),
        )
        .store(SqliteAlerts::open(file))
        .interval(Duration::from_secs(2))
        .settle(Duration::from_secs(2))
        .run()?;

    let app = Router::new()
        .route("/orders", get(async || "three orders\n"))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/panic-button", get(panic_button))
        .with_state(alerts.clone())
        .merge(
            Routes::new()
                .metrics(prometheus)
                .alerts(alerts.clone())
                // Open, because this listens on loopback only. Use a real guard on any other address.
                .guard(Guard::open()),
        )
        .layer(HttpMetricsLayer::new())
        // Below no layer: it is no part of the shop.
        .route("/receiver", post(receiver));
    println!("listening on {url}");
    println!(
        "try  for i in $(seq 50); do curl -s {url}/broken; sleep 0.2; done    # ErrorRate fires, and resolves a minute later"
    );
    println!("     curl {url}/panic-button    # code fires an alert");
    println!("     curl {url}/alerts");
    println!("     curl {url}/alerts/rules/ErrorRate/explain");
    println!("     curl {url}/alerts/rules/somebody%20pressed%20the%20button/explain");
    println!("     curl {url}/alerts/history");
    println!(
        "     ID=$(curl -s '{url}/alerts?state=firing&limit=1' | grep -o '\"id\":\"[0-9a-f]*\"' | cut -d '\"' -f 4)"
    );
    println!("     curl -d '{{\"by\":\"ann\"}}' {url}/alerts/$ID/acknowledge");
    println!("     curl -d '{{\"by\":\"ann\",\"for_seconds\":600}}' {url}/alerts/$ID/suppress");
    println!("     curl {url}/alerts/silences");
    println!("     curl -d '{{\"by\":\"ann\"}}' {url}/alerts/silences/local-1/end");
    println!("     curl {url}/alerts/stats");
    println!("     curl -s {url}/metrics | grep monitoring_alert");
    println!("     curl -X POST {url}/alerts/channels/webhook/test");
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            let stopped = tokio::signal::ctrl_c().await;
            debug_assert!(stopped.is_ok());
        })
        .await?;
    alerts.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

fn rules() -> Result<Rules, tower_vitals::Error> {
    const MINUTE: Duration = Duration::from_secs(60);
    let requests = Selector::new("http_requests_total");
    let failed = requests.clone().starts_with("status", "5");
    Rules::builder()
        .rule(
            Rule::new(
                "ErrorRate",
                Signal::ratio(failed, requests, MINUTE).by(["endpoint"]),
            )
            .gt(0.05)
            .consecutive(2)
            .level(Level::Critical)
            .summary("{{ value | percent }} of requests to {{ labels.endpoint }} fail"),
        )
        .build()
}

async fn panic_button(State(alerts): State<Alerts>) -> String {
    let alert = Alert::critical("somebody pressed the button").component("shop");
    format!("fired {}\n", alerts.fire(alert))
}

/// Stands for your chat room.
async fn receiver(Json(message): Json<Value>) -> StatusCode {
    // Of a summary or a silence.
    if let Some(text) = message["commonAnnotations"]["text"].as_str() {
        println!("receiver: {text}");
    }
    let alerts = message["alerts"].as_array().into_iter().flatten();
    for alert in alerts {
        let (status, name) = (&alert["status"], &alert["labels"]["alertname"]);
        println!(
            "receiver: {status} {name}: {}",
            alert["annotations"]["summary"]
        );
    }
    StatusCode::NO_CONTENT
}
