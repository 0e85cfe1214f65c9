//! Health checks, probes and shutdown.
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

#[cfg(feature = "prometheus")]
mod calls;
#[cfg(feature = "system")]
mod checks;
mod health;
mod probes;
#[cfg(feature = "prometheus")]
mod reentrancy;
#[cfg(feature = "prometheus")]
mod refresh;
mod runs;
#[cfg(feature = "prometheus")]
mod shutdown;
#[path = "../support/mod.rs"]
mod support;
mod thresholds;
