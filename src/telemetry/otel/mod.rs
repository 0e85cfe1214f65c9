//! Traces over OTLP ([`Tracing`]): spans of the `tracing` crate become spans of OpenTelemetry, in batches and with a bounded queue.
//!
//! ```no_run
//! use std::time::Duration;
//! use tower_vitals::telemetry::otel::Tracing;
//! use tracing_subscriber::layer::SubscriberExt;
//! use tracing_subscriber::util::SubscriberInitExt;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tracing = Tracing::from_env()?.run()?;
//! tracing_subscriber::registry().with(tracing.layer()).try_init()?;
//! // ... the service runs ...
//! let spans = tracing.shutdown(Duration::from_secs(5)).await;
//! println!("{} spans were lost", spans.lost());
//! # Ok(()) }
//! ```
#![doc = include_str!("../../../docs/traces.md")]

mod batch;
mod counters;
mod endpoint;
mod excluded;
mod export_loop;
mod exporter;
mod failure;
mod from_variables;
mod grpc;
mod http;
mod limits;
mod otlp;
mod processor;
mod protocol;
mod redacted;
mod reporter;
mod request_spans;
mod resource;
mod retry_info;
mod running;
mod sampler;
mod sampling;
mod secret_names;
mod span_counts;
mod span_queue;
mod span_size;
mod targets;
mod trace_id_generator;
mod tracing;
mod tracing_builder;
mod values;
mod variables;

pub use self::protocol::Protocol;
pub use self::span_counts::SpanCounts;
pub use self::tracing::Tracing;
pub use self::tracing_builder::TracingBuilder;
