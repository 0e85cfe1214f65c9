//! The definition of every metric the crate emits: name, kind, unit, help, labels and buckets.
//!
//! Metric names exist nowhere else in the crate. The layers record these families, and the exporter describes them. Names and
//! units follow the Prometheus naming practices (<https://prometheus.io/docs/practices/naming/>). The `http_server_*` families
//! follow OpenTelemetry's semantic conventions for HTTP metrics, in the spelling of its Prometheus compatibility specification.
//!
//! A service can [register](Catalog::register) its own metrics as well.
//!
//! ```
//! use tower_vitals::catalog;
//!
//! let names: Vec<_> = catalog::FAMILIES.iter().map(|family| family.name).collect();
//! assert!(names.contains(&"http_requests_total"));
//! ```

mod buckets;
mod catalog;
mod define;
mod families;
mod family;
mod kind;
mod process_families;
mod service_families;
#[cfg(feature = "prometheus")]
mod suggest;
#[cfg(test)]
mod tests;
mod validate;
mod values;

#[cfg(feature = "prometheus")]
pub(crate) use self::buckets::default_buckets;
pub use self::buckets::{AXUM_DURATION_BUCKETS, DURATION_BUCKETS, JOB_BUCKETS, SIZE_BUCKETS};
pub use self::catalog::Catalog;
pub use self::families::FAMILIES;
pub use self::family::Family;
pub use self::kind::Kind;
pub use self::process_families::*;
pub use self::service_families::*;
#[cfg(feature = "alerts")]
pub(crate) use self::suggest::nearest;
#[cfg(feature = "prometheus")]
pub(crate) use self::suggest::suggest_histogram;
#[cfg(feature = "prometheus")]
pub(crate) use self::validate::check_buckets;
pub(crate) use self::validate::{check_label_name, check_name, reserved_names};
pub use self::values::Values;
