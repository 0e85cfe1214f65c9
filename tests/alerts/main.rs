//! Alerts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests panic on failure"
)]
mod state;
#[path = "../support/mod.rs"]
mod support;
