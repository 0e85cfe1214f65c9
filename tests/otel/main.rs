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

#[cfg(all(
    feature = "axum",
    feature = "logging",
    feature = "prometheus",
    feature = "request-id"
))]
mod agreement;
mod collector;
#[cfg(all(
    feature = "axum",
    feature = "logging",
    feature = "prometheus",
    feature = "request-id"
))]
mod end;
#[cfg(all(feature = "axum", feature = "prometheus"))]
mod endings;
#[cfg(all(feature = "axum", feature = "prometheus"))]
mod exemplars;
mod export;
mod limits;
#[cfg(all(
    feature = "axum",
    feature = "logging",
    feature = "prometheus",
    feature = "request-id"
))]
mod minute;
mod outages;
#[cfg(all(
    feature = "axum",
    feature = "logging",
    feature = "prometheus",
    feature = "request-id"
))]
mod own_limit;
#[cfg(all(
    feature = "axum",
    feature = "logging",
    feature = "prometheus",
    feature = "request-id"
))]
mod own_rotel;
mod quiet;
#[cfg(all(feature = "axum", feature = "request-id"))]
mod requests;
#[cfg(all(feature = "axum", feature = "prometheus"))]
mod rotel;
mod sampling;
mod secrets;
#[cfg(all(
    feature = "axum",
    feature = "logging",
    feature = "prometheus",
    feature = "request-id"
))]
mod service;
#[cfg(feature = "axum")]
mod services;
#[cfg(feature = "axum")]
mod settings;
mod tls;
#[cfg(feature = "axum")]
mod unharmed;
mod variables;

#[path = "../support/mod.rs"]
mod support;
