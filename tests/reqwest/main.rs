//! `ClientMetricsLayer` around `reqwest::Client`, against a real server.
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

mod cases;
#[path = "../support/mod.rs"]
mod support;

cases!(v0_12, reqwest_0_12);
cases!(v0_13, reqwest_0_13);
