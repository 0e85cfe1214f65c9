//! Telemetry that goes with the metrics: traces.

#[cfg(feature = "otel")]
pub mod otel;
