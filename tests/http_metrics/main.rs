//! The tower layers: `HttpMetricsLayer` and `ClientMetricsLayer`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
)]

mod client;
mod labels;
mod layer;
mod naming;
#[path = "../support/mod.rs"]
mod support;
