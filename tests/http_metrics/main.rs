//! The tower layers: `HttpMetricsLayer` and `ClientMetricsLayer`.
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

mod client;
mod labels;
mod layer;
mod long_lived;
mod naming;
mod nesting;
#[path = "../support/mod.rs"]
mod support;
mod two_recorders;
