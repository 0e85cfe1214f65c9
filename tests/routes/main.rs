//! The routes over HTTP: metrics, health, jobs, history and the server.
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

#[cfg(feature = "prometheus")]
mod admin;
#[cfg(feature = "alerts")]
mod alert_access;
#[cfg(feature = "alerts")]
mod alert_acts;
#[cfg(feature = "alerts")]
mod alert_bodies;
#[cfg(feature = "alerts")]
mod alert_explanations;
#[cfg(feature = "alerts")]
mod alert_shop;
#[cfg(feature = "alerts")]
mod alert_silences;
#[cfg(feature = "alerts")]
mod alerts;
#[cfg(all(feature = "cors", feature = "prometheus"))]
mod cors;
#[cfg(feature = "dashboard")]
mod dashboard;
#[cfg(feature = "full")]
mod debug;
#[cfg(feature = "metrics-exporter-prometheus")]
mod existing_exporter;
mod guard;
mod health;
#[cfg(feature = "prometheus")]
mod health_metrics;
mod health_probes;
mod heap_profile;
#[cfg(feature = "prometheus")]
mod history;
#[cfg(feature = "jobs")]
mod jobs;
#[cfg(feature = "logging")]
mod log_level;
#[cfg(feature = "prometheus")]
mod metrics_json;
#[cfg(feature = "prometheus")]
mod monitoring;
#[cfg(feature = "prometheus")]
mod mounting;
#[cfg(all(feature = "profile", target_os = "linux"))]
mod profile;
#[cfg(feature = "prometheus")]
mod refusals;
#[cfg(feature = "prometheus")]
mod routes;
#[cfg(feature = "prometheus")]
mod scrape;
#[cfg(feature = "prometheus")]
mod scrape_fairness;
#[cfg(feature = "prometheus")]
mod scrape_load;
#[cfg(feature = "prometheus")]
mod serve;
#[path = "../support/mod.rs"]
mod support;
mod tasks;
