//! Logs: the lines of events, and the files that they go to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "tests panic on failure"
)]

mod cleanup;
mod faults;
mod files;
mod folder;
mod killed;
mod python;
#[path = "../support/mod.rs"]
mod support;
