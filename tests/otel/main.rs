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
#[cfg(feature = "axum")]
mod endings;
#[cfg(all(feature = "axum", feature = "prometheus"))]
mod exemplars;
mod export;
mod limits;
mod outages;
mod quiet;
#[cfg(all(feature = "axum", feature = "request-id"))]
mod requests;
#[cfg(feature = "axum")]
mod rotel;
mod sampling;
mod secrets;
#[cfg(feature = "axum")]
mod services;
#[cfg(feature = "axum")]
mod settings;
mod tls;
mod variables;

#[path = "../support/mod.rs"]
mod support;
