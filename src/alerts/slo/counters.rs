//! `Counters`: the last totals of each series, and their increases.

use std::collections::HashMap;

use super::readings::Reading;
use super::ring::Counts;
use crate::exporter::Labels;

/// Series that left the snapshots may return with their totals, so they are remembered: the last ones of this number.
const MAX_ABSENT: usize = 10_000;

/// The last totals of each series.
#[derive(Debug, Clone, Default)]
pub(super) struct Counters {
    /// By [`Reading::is_part`].
    series: [HashMap<Labels, Last>; 2],
    /// The number of snapshots so far.
    snapshots: u64,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    counts: Counts,
    /// The number of the snapshot.
    seen: u64,
}

impl Counters {
    /// Takes the totals of a snapshot, and returns their increase since the last one. A new series began at 0, and so did one that is
    /// lower than before.
    pub(super) fn increase(&mut self, readings: &[Reading<'_>]) -> Counts {
        self.snapshots += 1;
        let mut sum: Counts = (0, 0);
        for reading in readings {
            let last = Last {
                counts: reading.counts,
                seen: self.snapshots,
            };
            let series = &mut self.series[usize::from(reading.is_part)];
            let before = if let Some(own) = series.get_mut(reading.labels) {
                std::mem::replace(own, last).counts
            } else {
                series.insert(reading.labels.clone(), last);
                (0, 0)
            };
            let increase = since(reading.counts, before);
            sum.0 = sum.0.saturating_add(increase.0);
            sum.1 = sum.1.saturating_add(increase.1);
        }
        self.forget_absent();
        sum
    }

    /// Forgets the series that are absent for longest, above the limit.
    fn forget_absent(&mut self) {
        let now = self.snapshots;
        for series in &mut self.series {
            let absent = series.values().filter(|last| last.seen < now);
            let mut absent: Vec<_> = absent.map(|last| last.seen).collect();
            absent.sort_unstable();
            let mut excess = absent.len().saturating_sub(MAX_ABSENT);
            let Some(newest) = excess.checked_sub(1).map(|index| absent[index]) else {
                continue;
            };
            // Some of those that are absent since `newest` may stay.
            excess = absent[..excess]
                .iter()
                .filter(|seen| **seen == newest)
                .count();
            series.retain(|_, last| {
                let is_one_of_several = last.seen == newest && excess > 0;
                excess -= usize::from(is_one_of_several);
                last.seen >= newest && !is_one_of_several
            });
        }
    }
}

fn since(now: Counts, before: Counts) -> Counts {
    match (now.0.checked_sub(before.0), now.1.checked_sub(before.1)) {
        (Some(part), Some(total)) => (part, total),
        // The series restarted.
        _ => now,
    }
}
