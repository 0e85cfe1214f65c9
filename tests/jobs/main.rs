//! Background jobs, their history and their problems.
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

mod apalis;
#[cfg(feature = "full")]
mod conformance;
#[cfg(feature = "prometheus")]
mod contact;
#[cfg(feature = "prometheus")]
mod expected;
#[cfg(feature = "prometheus")]
mod from_last_end;
#[cfg(feature = "full")]
mod history;
#[cfg(feature = "full")]
mod kill;
mod layer;
#[cfg(all(unix, feature = "full"))]
mod moved_file;
#[cfg(feature = "full")]
mod pgbouncer;
#[cfg(feature = "full")]
mod processes;
#[cfg(feature = "full")]
mod readers;
#[cfg(all(unix, feature = "full"))]
mod recreated_file;
#[cfg(feature = "prometheus")]
mod reentrancy;
#[cfg(feature = "full")]
mod round_trips;
#[cfg(feature = "prometheus")]
mod runs;
#[cfg(feature = "prometheus")]
mod series;
#[path = "../support/mod.rs"]
mod support;
#[cfg(all(target_os = "linux", feature = "full"))]
mod wall_clock;
