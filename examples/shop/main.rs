//! A shop that shows the whole crate, with customers of its own and times that are good for 40 s and bad for 20 s.
//!
//! Run `cargo run --example shop --features full` and open the links that it prints.
//!
//! | variable | effect | default |
//! |---|---|---|
//! | `PORT` | the port on 127.0.0.1, 0 for any free one | 3000 |
//! | `SHOP_DIR` | the folder of databases and logs, which then outlive the process | a temporary folder |
//! | `CUSTOMERS` | customers per second, 0 for none | 20 |
//! | `SEED` | the seed of all chance | 1 |
//! | `MOOD` | `good` or `bad` for ever, as after `POST /mood/good` | changing |
//! | `MONITORING_TOKEN` | the bearer token of the guarded routes | none: they are open |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | where traces go | none: they are not exported |
//!
//! The other variables of `docs/settings.md` work as well.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "an example prints its links and records its own metrics"
)]

mod chance;
mod chores;
mod customers;
mod delivery;
mod home;
mod kitchen;
mod links;
mod metrics;
mod mood;
mod orders;
mod outside;
mod payments;
mod stock;
mod watch;

use std::env;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::routing::{get, post};
use sqlx::SqlitePool;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tower_http::csrf::CsrfLayer;
use tower_vitals::alerts::Alerts;
use tower_vitals::exporter::{ExemplarLabels, HistoryConfig};
use tower_vitals::health::Check;
use tower_vitals::health::checks::{Disk, Heartbeat, Http, Memory, Sqlite};
use tower_vitals::instrument::{Collecting, Collectors, DatabaseConnections};
use tower_vitals::jobs::Jobs;
use tower_vitals::routes::Guard;
use tower_vitals::telemetry::logging::{Console, LogTail, Logging, LoggingHandle};
use tower_vitals::telemetry::otel::Tracing;
use tower_vitals::{
    Error, Health, HttpLayer, HttpMetricsLayer, Prometheus, RequestIdLayer, RequestLogLayer,
    Routes, ServerSpanLayer, Settings,
};

use self::chance::Chance;
use self::home::Home;
use self::mood::Mood;
use self::orders::Shop;
use self::outside::Outside;
use self::payments::Payments;
use self::stock::Stock;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut settings = Settings::from_env()?;
    let seed = variable("SEED", 1)?;
    let customers_per_second = variable("CUSTOMERS", 20)?;
    let mood = Mood::from_env()?;
    let address = format!("127.0.0.1:{}", variable("PORT", 3000_u16)?);
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let home = Home::open()?;
    settings.log_dir.get_or_insert_with(|| home.path("logs"));
    settings.enable_json_logging = true;

    let catalog = metrics::catalog()?;
    let prometheus = Prometheus::builder()
        .catalog(catalog.clone())
        .exemplars(ExemplarLabels::of_current_span)
        .history(HistoryConfig::new())
        // Low, so that the coupons show what a family at its limit looks like.
        .max_series(200)
        .install()?;
    let tail = LogTail::new();
    let (traces, logging) = telemetry(&settings, &tail)?;
    let _collecting = collect(&prometheus, &settings)?;

    let outside = Outside::serve(mood.clone(), Chance::new(seed, 1)).await?;
    let stock = Stock::open(&home.path("stock.db")).await?;
    let pool = stock.pool().clone();
    tokio::spawn(DatabaseConnections::new().poll(pool.clone(), Duration::from_secs(1)));
    let jobs = chores::jobs(&home)?;
    let alerts = watch::alerts(&prometheus, &settings, catalog, &home, &url, &outside)?;
    let beat = Heartbeat::new(Duration::from_secs(10));
    let (orders, deliveries) = delivery::queue(mood.clone(), beat.clone());
    let health = health(&settings, &pool, beat, &outside, &mood, &jobs, &alerts)?;

    let payments = Payments::new(&outside)?;
    let shop = Shop::new(stock, payments, orders, mood.clone(), Chance::new(seed, 2));
    let routes = Routes::new()
        .metrics(prometheus)
        .health(health.clone())
        .jobs(jobs.clone())
        .alerts(alerts.clone())
        .log_level(logging.level())
        .log_tail(tail)
        .settings(&settings)
        .docs_ui()
        .redoc()
        .tasks(&Handle::current())
        .profile()
        .dashboard()
        .guard(guard(&settings));
    let app = app(shop, routes, &mood)?;
    links::print(&url, &outside, &home, &settings);

    let chores = chores::run(jobs.clone(), alerts.clone(), pool.clone(), mood);
    let customers = customers::come(url, customers_per_second, Chance::new(seed, 3));
    let tasks = [
        tokio::spawn(deliveries),
        tokio::spawn(chores),
        tokio::spawn(customers),
    ];
    health
        .shutdown_signal()
        // No load balancer is in front, and an open page must not delay the end.
        .delay(Duration::from_secs(1))
        .force_after(Duration::from_secs(5))
        .run(|stop| axum::serve(listener, app).with_graceful_shutdown(stop))
        .await?;
    // Running jobs are cancelled before the last events are written.
    for task in tasks {
        task.abort();
        let _ = task.await;
    }
    jobs.shutdown(Duration::from_secs(1)).await?;
    alerts.shutdown(Duration::from_secs(1)).await;
    pool.close().await;
    // Spans first, because the log tells of those that were lost.
    traces.shutdown(Duration::from_secs(1)).await;
    logging.shutdown(Duration::from_secs(1))?;
    home.close()?;
    Ok(())
}

/// A variable of this example.
fn variable<T>(name: &str, default: T) -> anyhow::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match env::var(name) {
        Ok(value) => value
            .parse()
            .with_context(|| format!("{name} is {value:?}")),
        Err(_) => Ok(default),
    }
}

fn telemetry(settings: &Settings, tail: &LogTail) -> Result<(Tracing, LoggingHandle), Error> {
    let mut traces = Tracing::from_settings(settings)?;
    let is_endpoint =
        |name: &str| name.starts_with("OTEL_EXPORTER_OTLP_") && name.ends_with("ENDPOINT");
    if !env::vars_os().any(|(name, _)| name.to_str().is_some_and(is_endpoint)) {
        traces = traces.without_export();
    }
    let traces = traces.run()?;
    let logging = Logging::from_settings(settings)?
        // It stays free for the links.
        .console(Console::Off)
        .tail(tail)
        .init_with(traces.layer())?;
    Ok((traces, logging))
}

/// Collects the values of process, host and runtime, also on each scrape.
fn collect(prometheus: &Prometheus, settings: &Settings) -> Result<Collecting, Error> {
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

fn health(
    settings: &Settings,
    pool: &SqlitePool,
    beat: Heartbeat,
    outside: &Outside,
    mood: &Mood,
    jobs: &Jobs,
    alerts: &Alerts,
) -> Result<Health, Error> {
    let payments = Http::get(&outside.payments("health"))?.slow_after(Duration::from_millis(250));
    let every = Duration::from_secs(15);
    Health::builder()
        .timeout(settings.health_check_timeout)
        .check("stock", Sqlite::pool(pool.clone()).tag("database"))
        .check("deliveries", beat)
        // The shop sells on without any of these.
        .check("payments", payments.tag("partner").optional())
        .check("<i>kitchen</i>", kitchen::Oven(mood.clone()).optional())
        .check("jobs", jobs.health_check().optional())
        .check("alerts", alerts.health_check())
        .check(
            "disk",
            Disk::new(env::temp_dir())
                .every(every)
                .tag("host")
                .optional(),
        )
        .check("memory", Memory::new().every(every).tag("host").optional())
        .build()
}

/// Open, because this listens on loopback only. On any other address, set `MONITORING_TOKEN` or a guard of your own.
fn guard(settings: &Settings) -> Guard {
    match settings.monitoring_token {
        Some(_) => settings.guard(),
        None => Guard::open(),
    }
}

fn app(shop: Shop, routes: Routes, mood: &Mood) -> Result<Router, Error> {
    let app = orders::routes(shop).merge(routes.build()?).layer(
        HttpLayer::new()
            .request_id(RequestIdLayer::new())
            .metrics(HttpMetricsLayer::builder().response_body_size().build()?)
            .log(RequestLogLayer::new())
            .span(ServerSpanLayer::new()),
    );
    // Around the app, because it is no part of the shop. Pages of other origins may not change the mood.
    Ok(Router::new()
        .route("/mood", get(mood::show))
        .route("/mood/{mood}", post(mood::set))
        .route_layer(CsrfLayer::new())
        .with_state(mood.clone())
        .fallback_service(app))
}
