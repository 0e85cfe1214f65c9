//! `Sample`: all that one frame is made of.

use std::sync::Arc;
use std::time::SystemTime;

use super::health_watch::HealthView;
use crate::exporter::Snapshot;

/// The values of one moment. A part that could not be read is missing.
pub(super) struct Sample {
    /// In seconds, by a clock that does not jump.
    pub(super) now: f64,
    pub(super) time: SystemTime,
    pub(super) snapshot: Option<Snapshot>,
    pub(super) health: Option<Arc<HealthView>>,
    /// Numbers for the overview.
    pub(super) counts: Vec<(&'static str, usize)>,
    /// The versions of other sources.
    pub(super) versions: Vec<(&'static str, u64)>,
    /// In seconds, if no metric says so.
    pub(super) uptime: f64,
}
