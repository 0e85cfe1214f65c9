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

mod cost;
#[cfg(feature = "alerts-email")]
mod email;
mod engine;
mod evaluate;
mod histograms;
mod log;
mod metrics;
mod notified;
mod promtool;
mod rules;
mod samples;
mod state;
#[path = "../support/mod.rs"]
mod support;
mod template;
