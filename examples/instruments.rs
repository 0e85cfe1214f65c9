//! What is not HTTP, measured: a day of a shop, played at the start, and `/metrics` to read.
//!
//! `cargo run --example instruments`, and try what it prints. `PORT` chooses another port than 3000.
#![allow(clippy::print_stdout, reason = "an example tells what to try")]

use std::error::Error;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use futures_util::{StreamExt, stream};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tower_vitals::instrument::{
    Connections, DatabaseConnections, Errors, EventTypes, ExternalApi, Plugins, Query,
    RedisConnections, ServiceCalls, Storage, Tokens,
};
use tower_vitals::routes::Guard;
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let prometheus = Prometheus::install()?;
    let connections = Connections::new();
    let _till = connections.open();
    play(&connections).await?;

    let app = Router::new()
        .route("/", get(|| async { "open\n" }))
        // Guarded routes are open here because this listens on loopback only: name a real guard on any other address.
        .merge(Routes::new().metrics(prometheus).guard(Guard::open()))
        .layer(HttpMetricsLayer::new());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl {url}/metrics");
    println!("     curl {url}/metrics/json");
    println!("     curl {url}/metrics/registries");
    axum::serve(listener, app).await?;
    Ok(())
}

async fn play(connections: &Connections) -> Result<(), Box<dyn Error>> {
    let billing = ServiceCalls::to("billing");
    let charges = ExternalApi::endpoint("stripe", "/v1/charges");
    let select = Query::kind("select");
    let get = Storage::operation("get", "sessions");
    let declined = Errors::of("card_declined", "billing");

    Plugins::new().set(2);
    DatabaseConnections::new().set(10, 4);
    RedisConnections::new().set(1);
    let visitors: Vec<_> = (0..3).map(|_| connections.open()).collect();

    let orders = [
        "order.placed",
        "order.placed",
        "internal.stock.low",
        "order.cancelled",
    ];
    let types = EventTypes::patterns(["order.placed", "order.cancelled", "internal.*"])?;
    let mut orders = types.track(stream::iter(orders), |order| *order);
    while let Some(order) = orders.next().await {
        let session = get
            .observe(async { Ok::<_, io::Error>(order.len()) })
            .await?;
        select.observe(query(session)).await?;
        if order != "order.placed" {
            continue;
        }
        let paid = billing.observe(charge(session)).await;
        charges.record(
            if paid.is_ok() {
                StatusCode::CREATED
            } else {
                StatusCode::PAYMENT_REQUIRED
            },
            Duration::from_millis(120),
        );
        if paid.is_err() {
            declined.record();
        }
    }
    // A customer who leaves: the call is cancelled.
    let left = timeout(Duration::from_millis(5), billing.observe(sleep_for_a_day())).await;
    debug_assert!(left.is_err());
    // An assistant who explains the bill.
    let tokens = Tokens::of("small-1", "USD");
    tokens.record(812, 64);
    tokens.record_cost(0.0031);
    drop(visitors);
    Ok(())
}

async fn query(rows: usize) -> io::Result<usize> {
    sleep(Duration::from_millis(2)).await;
    Ok(rows)
}

async fn charge(cents: usize) -> Result<(), &'static str> {
    sleep(Duration::from_millis(1)).await;
    if cents < 100 { Err("declined") } else { Ok(()) }
}

async fn sleep_for_a_day() -> Result<(), &'static str> {
    sleep(Duration::from_hours(24)).await;
    Ok(())
}
