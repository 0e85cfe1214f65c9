//! Reads the exporter of the crate `metrics-exporter-prometheus` that a service installed itself.

mod builder;
mod existing_exporter;
mod handle_source;
mod openmetrics;
mod parse;

pub use self::builder::ExistingExporterBuilder;
pub use self::existing_exporter::ExistingExporter;
