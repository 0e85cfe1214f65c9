//! Measured.
pub mod catalog;
mod error;
#[cfg(feature = "prometheus")]
pub mod exporter;
#[cfg(feature = "axum")]
mod extract;
pub mod http;
mod measure;
#[cfg(feature = "axum")]
pub mod routes;

pub use crate::error::{Error, ErrorKind};
#[cfg(feature = "prometheus")]
pub use crate::exporter::Prometheus;
pub use crate::http::{ClientMetricsLayer, HttpMetricsLayer};
#[cfg(feature = "axum")]
pub use crate::routes::Routes;
