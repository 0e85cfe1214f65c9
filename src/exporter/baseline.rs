//! `Baseline`: the totals at the last reset, from which `/metrics/json` counts.

use std::sync::Arc;
use std::time::SystemTime;

use super::delta::Delta;
use super::snapshot::{FamilySnapshot, Snapshot};
use crate::measure::Instant;

#[derive(Debug, Clone)]
pub(super) struct Baseline {
    taken_at: SystemTime,
    /// `taken_at` by the monotonic clock.
    at: Instant,
    /// `None` until the first reset, because all totals started at zero.
    snapshot: Option<Arc<Snapshot>>,
}

impl Baseline {
    pub(super) fn now() -> Self {
        Self {
            taken_at: SystemTime::now(),
            at: Instant::now(),
            snapshot: None,
        }
    }

    pub(super) fn taken_at(&self) -> SystemTime {
        self.taken_at
    }

    /// Returns the changes from this baseline to `now`.
    pub(super) fn delta(&self, now: Snapshot) -> Delta {
        match &self.snapshot {
            Some(snapshot) => now.since(snapshot),
            None => Delta {
                elapsed: now.at.since(self.at),
                snapshot: now,
            },
        }
    }
}

impl From<Snapshot> for Baseline {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            taken_at: snapshot.taken_at,
            at: snapshot.at,
            snapshot: Some(Arc::new(snapshot)),
        }
    }
}

/// The content of `/metrics/json`.
#[cfg_attr(
    not(feature = "axum"),
    expect(dead_code, reason = "only the routes read it")
)]
pub(crate) struct JsonView {
    /// The time of the baseline.
    pub(crate) since: SystemTime,
    /// The changes since then.
    pub(crate) delta: Delta,
    /// The increases of `tokens_total` and `token_cost_total` since midnight UTC.
    pub(crate) tokens_today: Vec<FamilySnapshot>,
}
