//! The counters that exist at 0 from the start.

use metrics::{Counter, Gauge};

use super::prometheus::Prometheus;
use crate::catalog::{self, Kind};
use crate::recorder::Handle;

/// The series of one family that exist at 0.
const MAX_ZEROS: usize = 1_000;

/// Registers the counters of the service whose labels are known. Those of the crate are left to its instruments, which a
/// service may not use.
pub(super) fn register_zeros(prometheus: &Prometheus, max_series: usize) {
    let most = max_series.min(MAX_ZEROS);
    let families = prometheus.catalog().families().iter();
    let is_own = |family: &&catalog::Family| !catalog::FAMILIES.contains(family);
    for family in families
        .filter(is_own)
        .filter(|family| family.kind == Kind::Counter)
    {
        for key in family.closed_keys(most) {
            if family.is_float {
                let _gauge: Gauge = Handle::register(prometheus, &key);
            } else {
                let _counter: Counter = Handle::register(prometheus, &key);
            }
        }
    }
}
