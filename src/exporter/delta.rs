use std::collections::HashMap;
use std::time::Duration;

use super::snapshot::{FamilySnapshot, Series, Snapshot, Value};
use crate::catalog::Kind;

/// The changes between two snapshots: the increases of counters and histograms, and the later values of gauges.
///
/// A counter that is lower than before has restarted and counts in full, so no increase or rate is negative. A series
/// that is new has started at zero, and so has one that returns from idleness, because a snapshot has no idle series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Delta {
    /// The time between the two snapshots. Zero if the second one is not the later one.
    pub elapsed: Duration,
    /// The increases.
    pub snapshot: Snapshot,
}

impl Delta {
    /// Returns the increase per second of the counters of this name that have all of these labels; `None` if there are
    /// none, or if no time has passed.
    #[must_use]
    pub fn rate(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let seconds = self.elapsed.as_secs_f64();
        let is_counter = self.snapshot.family(name)?.kind == Kind::Counter;
        if !is_counter || seconds == 0.0 {
            return None;
        }
        Some(self.snapshot.sum(name, labels)? / seconds)
    }
}

impl Snapshot {
    /// Returns the changes from `earlier` to this snapshot.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Delta {
        let families = self.families.iter();
        let families = families.map(|family| family.since(earlier.family(&family.name)));
        Delta {
            elapsed: self.at.since(earlier.at),
            snapshot: Self {
                taken_at: self.taken_at,
                at: self.at,
                families: families.collect(),
            },
        }
    }
}

impl FamilySnapshot {
    pub(super) fn since(&self, earlier: Option<&Self>) -> Self {
        // A map, because a family may have 10,000 series and their order changes.
        let earlier: HashMap<_, _> = earlier
            .map(|earlier| &*earlier.series)
            .unwrap_or_default()
            .iter()
            .map(|series| (&series.labels, &series.value))
            .collect();
        let increase = |series: &Series| Series {
            labels: series.labels.clone(),
            value: series.value.since(earlier.get(&series.labels).copied()),
        };
        Self {
            name: self.name.clone(),
            kind: self.kind,
            help: self.help.clone(),
            series: self.series.iter().map(increase).collect(),
        }
    }
}

impl Value {
    fn since(&self, earlier: Option<&Self>) -> Self {
        match (self, earlier) {
            // A lower counter has restarted.
            (Self::Counter(now), Some(Self::Counter(earlier))) if now < earlier => {
                Self::Counter(*now)
            }
            (Self::Counter(now), Some(Self::Counter(earlier))) => Self::Counter(now - earlier),
            (Self::Histogram(now), Some(Self::Histogram(earlier))) => {
                Self::Histogram(now.since(earlier))
            }
            _ => self.clone(),
        }
    }
}
