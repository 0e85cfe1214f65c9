//! Traces: their export, their losses, and what is sampled.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod collector;
#[cfg(all(feature = "axum", feature = "prometheus"))]
mod endings;
#[cfg(all(feature = "axum", feature = "prometheus"))]
mod exemplars;
mod export;
mod limits;
mod outages;
mod quiet;
#[cfg(all(feature = "axum", feature = "request-id"))]
mod requests;
#[cfg(all(feature = "axum", feature = "prometheus"))]
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
