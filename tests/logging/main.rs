//! The log: its lines, its start, its filter, its counters and its files, and that no secret reaches a line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::items_after_statements,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod child;
mod cleanup;
#[cfg(all(feature = "otel", feature = "request-id"))]
#[path = "../otel/collector.rs"]
mod collector;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod console;
mod counters;
#[cfg(all(
    unix,
    feature = "axum",
    feature = "otel",
    feature = "prometheus",
    feature = "request-id"
))]
mod example;
mod faults;
mod files;
mod folder;
mod format;
mod init;
mod json_log;
mod killed;
mod level;
mod lines;
mod panic_hook;
mod python;
mod random;
mod secrets;
mod settings;
#[cfg(unix)]
mod signals;
#[cfg(all(feature = "otel", feature = "request-id"))]
mod sinks;
#[cfg(unix)]
mod stalled;
mod strict;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "otel")]
mod trace;
mod two_files;
