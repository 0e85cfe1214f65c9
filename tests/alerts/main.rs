//! Alert rules, their evaluation over metrics, and the life of alerts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

#[cfg(feature = "alerts-http")]
mod alertmanager;
mod brief_alerts;
mod builder;
#[cfg(feature = "alerts-http")]
mod channels;
mod cold_window;
mod cost;
mod current;
#[cfg(feature = "jobs")]
mod default_rules;
mod defaults;
mod delivery;
#[cfg(feature = "alerts-email")]
mod email;
mod engine;
mod engine_acts;
#[cfg(any(feature = "alerts-postgres", feature = "alerts-sqlite"))]
mod engine_backlog;
mod engine_health;
mod engine_holders;
mod engine_instances;
#[cfg(all(
    unix,
    feature = "alerts-http",
    any(feature = "alerts-postgres", feature = "alerts-sqlite")
))]
mod engine_kill;
mod engine_long_outage;
mod engine_order;
mod engine_outages;
#[cfg(all(unix, feature = "alerts-postgres"))]
mod engine_processes;
mod engine_slos;
mod evaluate;
mod explain;
mod histograms;
mod kept;
mod log;
mod max_series;
mod metrics;
mod naming;
mod notified;
mod notify;
#[cfg(feature = "alerts-http")]
mod paging;
mod posted;
mod promtool;
mod renewed;
mod round_trip;
mod rule_set;
mod rules;
mod rules_and_state;
mod samples;
#[cfg(all(feature = "alerts-http", feature = "alerts-email", feature = "axum"))]
mod secrets;
#[cfg(all(feature = "alerts-http", feature = "axum"))]
mod settings;
#[cfg(all(feature = "axum", not(feature = "alerts-http")))]
mod settings_without_http;
mod slo;
mod slow_evaluation;
mod state;
mod stores;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod template;
