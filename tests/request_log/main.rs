//! Request ids, log lines and spans of requests, and their agreement with the metrics.
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

mod capture;
mod client;
#[path = "../grpc/double.rs"]
#[allow(dead_code, reason = "the tests of gRPC use the rest")]
mod double;
mod endings;
mod grpc;
mod ids;
mod lines;
mod problems;
mod secrets;
mod shared;
mod spans;
#[path = "../support/mod.rs"]
mod support;
