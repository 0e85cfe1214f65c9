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
    reason = "tests panic on failure and compare exact values"
)]

mod amqps;
mod hangs;
mod http;
mod http_options;
mod load;
mod pgbouncer;
mod redis_tls;
mod servers;
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
