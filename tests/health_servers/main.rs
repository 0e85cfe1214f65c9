//! Checks against real servers that stop, restart, refuse and hang. In its own process, because it stops servers and
//! counts threads.
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

mod hangs;
mod http;
mod load;
mod servers;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
