//! Traces: their export, their losses, and what is sampled.
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

mod collector;
mod export;
mod outages;
mod quiet;
mod sampling;
mod secrets;
mod variables;

#[path = "../support/mod.rs"]
mod support;
