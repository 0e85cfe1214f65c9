//! Every metric the crate emits, once: name, kind, unit, help, labels and buckets.
//!
//! Nothing else in the crate holds a metric name: the layers record by these families, the exporter describes them, and
//! whatever is generated reads them. Names and units follow the Prometheus naming practices
//! (<https://prometheus.io/docs/practices/naming/>); the `http_server_*` families follow OpenTelemetry's semantic
//! conventions for HTTP metrics, as its Prometheus compatibility specification spells them.
//!
//! A service's own metrics stand beside them once they are [registered](Catalog::register).
//!
//! ```
//! use tower_vitals::catalog;
//!
//! let names: Vec<_> = catalog::FAMILIES.iter().map(|family| family.name).collect();
//! assert!(names.contains(&"http_requests_total"));
//! ```

mod families;
mod family;
mod register;

pub use self::families::*;
pub use self::family::{Family, Kind, Values};
pub use self::register::Catalog;
pub(crate) use self::register::names;
use crate::error::Error;

/// Buckets of every duration, in seconds: OpenTelemetry's advice for `http.server.request.duration`.
pub const DURATION_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Buckets of the duration of background jobs, in seconds: from what takes a moment to what takes half a day.
pub const JOB_BUCKETS: &[f64] = &[
    0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 10_800.0, 43_200.0,
];

/// Buckets of every size, in bytes: powers of four from 256 B to 64 MiB.
pub const SIZE_BUCKETS: &[f64] = &[
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Prometheus' data model: `[a-zA-Z_:][a-zA-Z0-9_:]*`. Colons are kept for recording rules, so they are refused here.
pub(crate) fn check_metric_name(name: &str) -> Result<(), Error> {
    if is_word(name) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "metric name {name:?} is refused by Prometheus: letters, digits and underscores are allowed, a letter or \
         underscore first"
    )))
}

/// Prometheus' data model: `[a-zA-Z_][a-zA-Z0-9_]*`, where names that begin with two underscores are its own, and so
/// is the `le` of a histogram.
pub(crate) fn check_label_name(name: &str) -> Result<(), Error> {
    if is_word(name) && !name.starts_with("__") && name != "le" && name != "quantile" {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "label name {name:?} is refused by Prometheus: letters, digits and underscores are allowed, a letter or single \
         underscore first; le and quantile are taken"
    )))
}

/// Upper bounds of a histogram: at least one, finite, ascending.
pub(crate) fn check_buckets(bounds: &[f64]) -> Result<(), Error> {
    let is_ascending = bounds.is_sorted_by(|a, b| a < b);
    if !bounds.is_empty() && is_ascending && bounds.iter().all(|bound| bound.is_finite()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "buckets are {bounds:?}: at least one bound is needed, all finite, each above the one before (+Inf is added)"
    )))
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
