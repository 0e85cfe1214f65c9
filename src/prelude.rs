//! The types that most services need.
//!
//! ```
//! use tower_vitals::prelude::*;
//! ```

#[cfg(feature = "alerts")]
pub use crate::alerts::{Alerts, Rules};
#[cfg(feature = "prometheus")]
pub use crate::exporter::Prometheus;
#[cfg(feature = "health")]
pub use crate::health::{Check, Health};
pub use crate::http_metrics::{ClientMetricsLayer, HttpMetricsLayer};
#[cfg(feature = "jobs")]
pub use crate::jobs::{Job, Jobs};
#[cfg(feature = "axum")]
pub use crate::routes::Routes;
#[cfg(feature = "logging")]
pub use crate::telemetry::logging::Logging;
