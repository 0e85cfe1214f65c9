//! `Moment`: the values of a frame beside the metrics.

use std::sync::Arc;
use std::time::SystemTime;

use super::health_watch::HealthView;

/// The values of one moment. A part that could not be read is missing.
pub(super) struct Moment {
    /// In seconds, by a clock that does not jump.
    pub(super) now: f64,
    pub(super) time: SystemTime,
    pub(super) health: Option<Arc<HealthView>>,
    /// Numbers for the overview.
    pub(super) counts: Vec<(&'static str, usize)>,
    /// The versions of other sources.
    pub(super) versions: Vec<(&'static str, u64)>,
    /// In seconds, if no metric says so.
    pub(super) uptime: f64,
}
