//! The hints of empty views compile, because this file holds their code.

#![allow(
    dead_code,
    clippy::let_and_return,
    clippy::unused_async,
    reason = "hints are compiled and not run"
)]

use std::time::Duration;

use axum::Router;
use sqlx::SqlitePool;
use tokio::runtime::Handle;
use tower_vitals::alerts::channels::Log;
use tower_vitals::alerts::slo::{Slo, Slos};
use tower_vitals::alerts::{Alerts, Rule, Rules, Selector, Signal};
use tower_vitals::exporter::HistoryConfig;
use tower_vitals::instrument::Collectors;
use tower_vitals::jobs::{Job, Jobs};
use tower_vitals::telemetry::logging::{LogTail, Logging};
use tower_vitals::{Error, Health, HttpMetricsLayer, Prometheus, Routes};

const PAGE: &str = include_str!("../../../src/routes/assets/index.html");
const CODE: &str = include_str!("hints.rs");
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn all_hints_are_in_this_file() {
    let hints: Vec<_> = PAGE.split("<pre tabindex=\"0\">").skip(1).collect();
    assert_eq!(hints.len(), 12);
    let code = without_spaces(CODE);
    for hint in hints {
        let (hint, _) = hint.split_once("</pre>").unwrap();
        let hint = without_spaces(hint).replace("&amp;", "&");
        assert!(code.contains(&hint), "{hint}");
    }
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

fn requests(app: Router) -> Router {
    let app = app.layer(HttpMetricsLayer::new());
    app
}

fn metrics() -> Result<Routes, Error> {
    let prometheus = Prometheus::install()?;
    let routes = Routes::new().metrics(prometheus);
    Ok(routes)
}

fn history() -> Result<Prometheus, Error> {
    Prometheus::builder().history(HistoryConfig::new()).build()
}

async fn ping(_: SqlitePool) -> Result<(), sqlx::Error> {
    Ok(())
}

fn health(pool: SqlitePool) -> Result<Routes, Error> {
    let health = Health::builder()
        .check("database", move || ping(pool.clone()))
        .build()?;
    let routes = Routes::new().health(health);
    Ok(routes)
}

async fn reindex() -> Result<(), Error> {
    Ok(())
}

async fn jobs() -> Result<Routes, Error> {
    let jobs = Jobs::builder().run()?;
    let routes = Routes::new().jobs(jobs.clone());
    jobs.monitor(Job::new("reindex"), reindex()).await?;
    Ok(routes)
}

fn alerts(prometheus: &Prometheus, rules: Rules) -> Result<Routes, Error> {
    let alerts = Alerts::builder()
        .metrics(prometheus.clone())
        .rules(rules)
        .run()?;
    let routes = Routes::new().alerts(alerts);
    Ok(routes)
}

fn rules(prometheus: &Prometheus, failed: Selector, requests: Selector) -> Result<Alerts, Error> {
    let rules = Rules::builder()
        .rule(Rule::new("ErrorRate", Signal::ratio(failed, requests, MINUTE)).gt(0.05))
        .build()?;
    let alerts = Alerts::builder()
        .metrics(prometheus.clone())
        .rules(rules)
        .run()?;
    Ok(alerts)
}

fn channel() -> Result<Alerts, Error> {
    Alerts::builder().channel(Log::new()).run()
}

fn slos(prometheus: &Prometheus, slo: Slo) -> Result<Alerts, Error> {
    let slos = Slos::builder().slo(slo).build()?;
    let alerts = Alerts::builder()
        .metrics(prometheus.clone())
        .slos(slos)
        .run()?;
    Ok(alerts)
}

fn runtime(prometheus: &Prometheus) -> Result<(), Error> {
    let collecting = Collectors::new()
        .process()
        .host()
        .runtime(&Handle::current())
        .start()?;
    prometheus.on_gather(collecting.refresher());
    Ok(())
}

fn logs() -> Result<Routes, Error> {
    let tail = LogTail::new();
    let logging = Logging::builder().tail(&tail).init()?;
    let routes = Routes::new().log_tail(tail);
    drop(logging);
    Ok(routes)
}
