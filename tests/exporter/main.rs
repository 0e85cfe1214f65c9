//! The recorder, its readers, its history and the Pushgateway client.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod bucket_names;
mod catalog;
mod churn;
mod differential;
mod exactness;
mod exemplars;
mod exposition;
mod faults;
mod history;
mod idle;
mod metrics_page;
mod native_histograms;
#[cfg(all(feature = "axum", feature = "protobuf"))]
mod native_prometheus;
mod openmetrics;
mod order;
mod prometheus;
#[cfg(all(feature = "axum", feature = "protobuf"))]
mod prometheus_flags;
mod prometheus_page;
mod protobuf;
#[cfg(all(feature = "push", feature = "health"))]
mod push;
#[cfg(all(feature = "push", feature = "health"))]
mod push_gateways;
mod remove;
mod scraped;
mod snapshot;
mod snapshot_labels;
#[path = "../support/mod.rs"]
mod support;
mod utf8_names;
mod zeros;
