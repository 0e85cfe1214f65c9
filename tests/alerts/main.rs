//! Alert rules and their evaluation over metrics.
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
mod evaluate;
mod histograms;
mod metrics;
mod promtool;
mod rules;
mod samples;
#[path = "../support/mod.rs"]
mod support;
mod template;
