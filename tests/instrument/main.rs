//! The instruments and the collectors.
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

#[cfg(feature = "health")]
mod collectors;
mod instruments;
mod parallel;
#[cfg(all(feature = "sqlx", feature = "check-sqlite"))]
mod pool;
#[path = "../support/mod.rs"]
mod support;
mod zeros;
