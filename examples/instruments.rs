//! Simulates a day in a shop that uses every instrument, and serves `/metrics` in every format.
//!
//! Run `cargo run --example instruments --features system,jobs` and try the commands it prints. `PORT` sets the port (default
//! 3000). The variables of `tower_vitals::settings` are read as well.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "an example prints instructions and records its own metrics"
)]

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use metrics::{Unit, counter, gauge};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tower::{ServiceBuilder, ServiceExt};
use tower_vitals::catalog::{Catalog, Family, Values};
use tower_vitals::exporter::HistoryConfig;
use tower_vitals::http_metrics::Naming;
use tower_vitals::instrument::{
    Collecting, Collectors, Connections, DatabaseConnections, Errors, EventTypes, Events,
    ExternalApi, Plugins, Query, RedisConnections, ServiceCalls, Storage, Tokens,
};
use tower_vitals::jobs::{Job, Jobs};
use tower_vitals::routes::Guard;
use tower_vitals::{ClientMetricsLayer, Health, HttpMetricsLayer, Prometheus, Routes, Settings};

/// The shop's own metrics.
const BASKETS: Family = Family::counter("shop_baskets_total", "Baskets filled.")
    .labels(&["country"])
    .values(&[("country", Values::Closed(&["de", "fr"]))]);
const ENERGY: Family = Family::counter("shop_energy_joules_total", "Energy used, in joules.")
    .unit(Unit::Count)
    .float();

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    let mut catalog = Catalog::new();
    catalog.register(BASKETS)?.register(ENERGY)?;
    let prometheus = Prometheus::builder()
        .catalog(catalog)
        .max_series(100)
        .history(HistoryConfig::new().interval(Duration::from_secs(1)))
        .install()?;
    let _collecting = collect(&prometheus, &settings)?;
    let health = Health::builder()
        .check("warehouse", || async { true })
        .build()?;
    let connections = Connections::new();
    let _till = connections.open();

    let shop = Router::new()
        .route("/", get(|| async { "open\n" }))
        .route(
            "/orders",
            post(|order: String| async move { order.len().to_string() }),
        )
        .route("/slow", get(|| sleep(Duration::from_secs(1))));
    visit(
        shop.clone().layer(
            HttpMetricsLayer::builder()
                .response_body_size()
                .request_body_size()
                .build()?,
        ),
    )
    .await?;
    // The same with the names of OpenTelemetry and of axum-prometheus. A service uses one of them.
    for naming in [Naming::open_telemetry(), Naming::axum_prometheus()] {
        let layer = HttpMetricsLayer::builder()
            .naming(naming)
            .response_body_size()
            .request_body_size()
            .build()?;
        visit(shop.clone().layer(layer)).await?;
    }
    call().await?;
    trade(&connections).await?;
    count_own();
    let jobs = sweep().await?;
    health.report().await;

    let app = shop
        // The guarded routes are open because this listens on loopback only. Set a real guard on any other address:
        // `settings.guard()` uses MONITORING_TOKEN.
        .merge(
            Routes::new()
                .metrics(prometheus)
                .health(health.clone())
                .jobs(jobs)
                .settings(&settings)
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
    println!("try  curl {url}/metrics");
    println!("     curl -H 'accept: application/openmetrics-text' {url}/metrics");
    println!("     curl {url}/metrics/json");
    println!("     curl {url}/metrics/registries");
    println!("     curl '{url}/metrics/history?metric=http_requests_total&sum=true'");
    println!("     curl -X POST {url}/admin/reset-metrics");
    println!("     curl {url}/admin/config");
    health
        .shutdown_signal()
        .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
        .await?;
    Ok(())
}

/// Collects the values of process, host and runtime, also on each scrape.
fn collect(
    prometheus: &Prometheus,
    settings: &Settings,
) -> Result<Collecting, tower_vitals::Error> {
    let collecting = Collectors::new()
        .app(env!("CARGO_PKG_VERSION"), &settings.environment)
        .process()
        .host()
        .runtime(&Handle::current())
        .every(settings.metrics_collection_interval)
        .start()?;
    prometheus.on_gather(collecting.refresher());
    Ok(collecting)
}

/// Three customers: one looks, one orders, and one leaves before the response.
async fn visit(shop: Router) -> anyhow::Result<()> {
    let look = Request::get("/").body(Body::empty())?;
    let order = Request::post("/orders").body(Body::from("two cakes"))?;
    for request in [look, order] {
        let response = shop.clone().oneshot(request).await?;
        axum::body::to_bytes(response.into_body(), 1024).await?;
    }
    let impatient = Request::get("/slow").body(Body::empty())?;
    let left = timeout(Duration::from_millis(5), shop.oneshot(impatient)).await;
    debug_assert!(left.is_err());
    Ok(())
}

/// A gRPC call and an HTTP call, as client and server see them with OpenTelemetry's names.
async fn call() -> anyhow::Result<()> {
    let client = ClientMetricsLayer::builder("stock")
        .naming(Naming::open_telemetry_client())
        .grpc()
        .build()?;
    let server = HttpMetricsLayer::builder()
        .naming(Naming::open_telemetry())
        .grpc()
        .build()?;
    let stock = ServiceBuilder::new()
        .layer(client)
        .layer(server)
        .service_fn(async |_: Request<Body>| {
            Ok::<_, Infallible>(([("grpc-status", "0")], "").into_response())
        });
    for content_type in ["application/grpc", "text/plain"] {
        let request = Request::post("http://stock.internal/stock.v1.Stock/Count")
            .header("content-type", content_type)
            .body(Body::empty())?;
        let response = stock
            .clone()
            .oneshot(request)
            .await
            .map_err(anyhow::Error::from_boxed)?;
        axum::body::to_bytes(Body::new(response.into_body()), 1024).await?;
    }
    Ok(())
}

/// Work behind the counter.
async fn trade(connections: &Connections) -> anyhow::Result<()> {
    let billing = ServiceCalls::new("billing");
    let charges = ExternalApi::new("stripe", "/v1/charges");
    let select = Query::new("select");
    let get = Storage::new("get", "sessions");
    let declined = Errors::new("card_declined", "billing");

    Plugins::new().set(2);
    DatabaseConnections::new().set(10, 4);
    DatabaseConnections::new().set_max(20);
    RedisConnections::new().set(1);
    let visitors: Vec<_> = (0..3).map(|_| connections.open()).collect();

    let orders = [
        "order.placed",
        "order.placed",
        "internal.stock.low",
        "order.cancelled",
    ];
    let types = EventTypes::new(["order.placed", "order.cancelled", "internal.*"])?;
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
    // A customer leaves, so the call is cancelled.
    let left = timeout(Duration::from_millis(5), billing.observe(sleep_for_a_day())).await;
    debug_assert!(left.is_err());
    // A language model explains the bill.
    let tokens = Tokens::new("small-1", "USD");
    tokens.record(812, 64);
    tokens.record_cost(0.0031);
    drop(visitors);
    Ok(())
}

/// Background jobs: more sweeps than fit into a queue of two events, and a failing import.
async fn sweep() -> anyhow::Result<Jobs> {
    const SWEEP: Job = Job::named("sweep").every(Duration::from_secs(60 * 60));
    const IMPORT: Job = Job::named("import")
        .every(Duration::from_secs(60 * 60))
        .failing_after(1);
    let jobs = Jobs::builder()
        .job(SWEEP)
        .job(IMPORT)
        .max_queued(2)
        // A short lease, so that problems are found soon.
        .lease(Duration::from_secs(1))
        .run()?;
    let mut changes = jobs.subscribe();
    let sweeps: Vec<_> = (0..100).map(|_| jobs.start(SWEEP)).collect();
    for sweep in sweeps {
        sweep.finish();
    }
    jobs.flush().await;
    let no_orders = async { Err::<(), _>("no orders found") };
    let imported = jobs.monitor(IMPORT, no_orders).await;
    debug_assert!(imported.is_err());
    changes.next().await;
    Ok(jobs)
}

/// Records with the macros of `metrics`, as any crate does.
fn count_own() {
    for country in ["de", "fr", "de", "nowhere"] {
        counter!(BASKETS.name, "country" => country).increment(1);
    }
    gauge!(ENERGY.name).increment(0.75);
    // Each number in a label is a series. Those past the limit of a hundred share one series.
    for n in 0..120 {
        Events::new(format!("import.{n}")).record();
    }
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
    sleep(Duration::from_secs(24 * 60 * 60)).await;
    Ok(())
}
