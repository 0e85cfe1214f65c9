//! Everything there is to measure: a day of a shop, played at the start, and `/metrics` to read in every form.
//!
//! `cargo run --example instruments --features system,jobs`, and try what it prints. `PORT` chooses another port than 3000, and the
//! variables of `tower_vitals::settings` are read.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "an example tells what to try, and records as a service does"
)]

use std::error::Error;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use metrics::{Unit, counter, gauge};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;
use tower_vitals::catalog::{Catalog, Family, Values};
use tower_vitals::exporter::HistoryConfig;
use tower_vitals::http_metrics::Naming;
use tower_vitals::instrument::{
    Collecting, Collectors, Connections, DatabaseConnections, Errors, EventTypes, Events,
    ExternalApi, Plugins, Query, RedisConnections, ServiceCalls, Storage, Tokens,
};
use tower_vitals::jobs::{Job, Jobs};
use tower_vitals::routes::Guard;
use tower_vitals::{Health, HttpMetricsLayer, Prometheus, Routes, Settings};

/// The shop's own metrics, beside the crate's.
const BASKETS: Family = Family::counter("shop_baskets_total", "Baskets that were filled.")
    .labels(&["country"])
    .values(&[("country", Values::Closed(&["de", "fr"]))]);
const ENERGY: Family = Family::counter("shop_energy_joules_total", "Energy used, in joules.")
    .unit(Unit::Count)
    .fractional();

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
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
            HttpMetricsLayer::new()
                .response_body_size()
                .request_body_size(),
        ),
    )
    .await?;
    // The same by OpenTelemetry's names: a service has one or the other.
    let otel = HttpMetricsLayer::new().naming(Naming::open_telemetry())?;
    visit(
        shop.clone()
            .layer(otel.response_body_size().request_body_size()),
    )
    .await?;
    trade(&connections).await?;
    count_own();
    let jobs = sweep().await?;
    health.report().await;

    let app = shop
        // Guarded routes are open here because this listens on loopback only: name a real guard on any other address
        // (`settings.guard()` is that of MONITORING_TOKEN).
        .merge(
            Routes::new()
                .metrics(prometheus)
                .health(health)
                .jobs(jobs)
                .settings(&settings)
                .guard(Guard::open()),
        )
        .layer(HttpMetricsLayer::new());
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", listener.local_addr()?);
    println!("listening on {url}");
    println!("try  curl {url}/metrics");
    println!("     curl -H 'accept: application/openmetrics-text' {url}/metrics");
    println!("     curl {url}/metrics/json");
    println!("     curl {url}/metrics/registries");
    println!("     curl '{url}/metrics/history?metric=http_requests_total&sum=true'");
    println!("     curl -X POST {url}/admin/reset-metrics");
    println!("     curl {url}/admin/config");
    axum::serve(listener, app).await?;
    Ok(())
}

/// The process, its host and its runtime, fresh whenever somebody reads.
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

/// Customers: one looks, one orders, one does not wait.
async fn visit(shop: Router) -> Result<(), Box<dyn Error>> {
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

/// What happens behind the counter.
async fn trade(connections: &Connections) -> Result<(), Box<dyn Error>> {
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

/// What nobody sees: sweeps that come too fast for a queue with room for two events, and an import that fails.
async fn sweep() -> Result<Jobs, Box<dyn Error>> {
    const SWEEP: Job = Job::named("sweep").every(Duration::from_hours(1));
    const IMPORT: Job = Job::named("import")
        .every(Duration::from_hours(1))
        .failing_after(1);
    let jobs = Jobs::builder()
        .job(SWEEP)
        .job(IMPORT)
        .max_queued(2)
        // Short, so that it is soon looked for what is wrong.
        .lease(Duration::from_secs(1))
        .run()?;
    let mut changes = jobs.subscribe();
    let sweeps: Vec<_> = (0..100).map(|_| jobs.start(SWEEP)).collect();
    for sweep in sweeps {
        sweep.finish();
    }
    jobs.flush().await;
    let no_orders = async { Err::<(), _>("the orders are not there") };
    let imported = jobs.monitor(IMPORT, no_orders).await;
    debug_assert!(imported.is_err());
    changes.next().await;
    Ok(jobs)
}

/// By the macros of `metrics`, as any crate records.
fn count_own() {
    for country in ["de", "fr", "de", "nowhere"] {
        counter!(BASKETS.name, "country" => country).increment(1);
    }
    gauge!(ENERGY.name).increment(0.75);
    // A number in a label is a series each: past the limit of a hundred they are counted together.
    for n in 0..120 {
        Events::of(format!("import.{n}")).record();
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
    sleep(Duration::from_hours(24)).await;
    Ok(())
}
