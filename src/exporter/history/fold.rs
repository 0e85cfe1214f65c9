//! `Fold`: one metric over time, with its series added up in groups.

use std::time::{Duration, SystemTime};

use super::metrics_history::MetricsHistory;
use super::replay::Replay;
use super::track::Track;
use crate::catalog::Kind;

/// The result of [`MetricsHistory::fold`].
#[derive(Debug, Default)]
pub(crate) struct Fold {
    /// The upper bounds of a histogram.
    pub(crate) bounds: Vec<f64>,
    /// Oldest first. The oldest tick of the history is none, because its predecessor is unknown.
    pub(crate) ticks: Vec<FoldedTick>,
}

#[derive(Debug)]
pub(crate) struct FoldedTick {
    pub(crate) taken_at: SystemTime,
    /// The time since the tick before.
    pub(crate) elapsed: Duration,
    /// By group: the values of a gauge; else the increase of a counter, or of a histogram's count. `None` without series.
    pub(crate) groups: Vec<Option<f64>>,
    /// The new samples of a histogram in each bucket alone.
    pub(crate) counts: Vec<u64>,
}

impl MetricsHistory {
    /// Adds up the series of a metric. `group` returns the place of a series, or `None` if it does not count. Takes a pass over the
    /// ring, and memory for groups rather than for series.
    pub(crate) fn fold(
        &self,
        metric: &str,
        groups: usize,
        window: Duration,
        group: impl Fn(&[(String, String)]) -> Option<usize>,
    ) -> Fold {
        let ring = self.read();
        let Some(known) = ring.metrics.get(metric) else {
            return Fold::default();
        };
        let mut members: Vec<_> = known
            .series()
            .filter_map(|(id, labels)| Some((id, group(&labels)?)))
            .collect();
        members.sort_unstable();
        let (ids, places): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        let mut replay = Replay::new(&ring, ids);
        let mut to_skip = ring.ticks.len() - ring.ticks_within(window);
        let mut before = None;
        let mut ticks = Vec::new();
        while let Some(tick) = replay.next() {
            let before: Option<Duration> = before.replace(tick.at);
            if to_skip > 0 {
                to_skip -= 1;
                continue;
            }
            let Some(before) = before else { continue };
            let mut folded = FoldedTick {
                taken_at: tick.taken_at,
                elapsed: tick.at.saturating_sub(before),
                groups: vec![None; groups],
                counts: vec![0; known.bounds.len()],
            };
            for (track, place) in replay.tracks.iter().zip(&places) {
                folded.add(track, *place, known.kind);
            }
            ticks.push(folded);
        }
        Fold {
            bounds: known.bounds.clone(),
            ticks,
        }
    }
}

impl FoldedTick {
    fn add(&mut self, track: &Track, place: usize, kind: Kind) {
        let value = match kind {
            Kind::Gauge => track.value(),
            Kind::Counter | Kind::Histogram => track.increase(),
        };
        let Some(value) = value else { return };
        if let Some(group) = self.groups.get_mut(place) {
            *group.get_or_insert(0.0) += value;
        }
        if !track.previous.is_identical(&track.current) {
            track.add_increase(&mut self.counts);
        }
    }
}
