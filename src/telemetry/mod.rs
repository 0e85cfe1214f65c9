//! Telemetry: logs and traces that agree with the metrics.
//!
//! - `logging`: lines for a console and for files, in one format that shippers read.
//! - `otel`: traces over OTLP.

#[cfg(feature = "logging")]
pub mod logging;
#[cfg(feature = "otel")]
pub mod otel;
