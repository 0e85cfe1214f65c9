//! Computes the result of a valid query.

use std::time::Duration;

use super::query::{HistoryQuery, Measure};
use super::replay::Replay;
use super::ring::{Labels, Metric, Ring, Tick};
use super::time_series::TimeSeries;
use super::track::Track;
use crate::exporter::histogram_snapshot::HistogramSnapshot;

impl HistoryQuery {
    pub(super) fn evaluate(
        &self,
        ring: &Ring,
        metric: &Metric,
        matching: Vec<(usize, Labels)>,
    ) -> Vec<TimeSeries> {
        if matching.is_empty() {
            return Vec::new();
        }
        let (ids, labels): (Vec<_>, Vec<_>) = matching.into_iter().unzip();
        let (labels, tracks_per_series) = if self.is_sum {
            (vec![self.labels.clone()], ids.len())
        } else {
            (labels, 1)
        };
        let empty = |labels| TimeSeries {
            labels,
            points: Vec::new(),
        };
        let mut results: Vec<_> = labels.into_iter().map(empty).collect();
        let mut replay = Replay::new(ring, ids);
        let mut ticks_to_skip = ring.ticks.len() - self.ticks(ring);
        let mut previous = None;
        while let Some(tick) = replay.next() {
            let previous: Option<&Tick> = previous.replace(tick);
            let step = Step {
                elapsed: previous.map(|previous| tick.at.saturating_sub(previous.at)),
                bounds: &metric.bounds,
            };
            if ticks_to_skip > 0 {
                ticks_to_skip -= 1;
                continue;
            }
            let tracks = replay.tracks.chunks(tracks_per_series);
            for (series, tracks) in results.iter_mut().zip(tracks) {
                let value = step.value(self.measure, tracks);
                let point = value.map(|value| (tick.taken_at, value));
                series.points.extend(point);
            }
        }
        results.sort_by(|one, other| one.labels.cmp(&other.labels));
        results
    }
}

/// From one tick to the next.
struct Step<'a> {
    /// `None` for the oldest tick, whose predecessor is unknown.
    elapsed: Option<Duration>,
    bounds: &'a [f64],
}

impl Step<'_> {
    fn value(&self, measure: Measure, tracks: &[Track]) -> Option<f64> {
        let sum = |one, other| one + other;
        match measure {
            Measure::Values => tracks.iter().filter_map(Track::value).reduce(sum),
            Measure::Rate => {
                let seconds = self.elapsed?.as_secs_f64();
                let increases = tracks.iter().filter_map(Track::increase);
                Some(increases.reduce(sum)? / seconds)
            }
            Measure::Average => self.histogram(tracks)?.average(),
            Measure::Quantile(q) => self.histogram(tracks)?.quantile(q),
        }
    }

    /// Merges the new samples of all tracks.
    fn histogram(&self, tracks: &[Track]) -> Option<HistogramSnapshot> {
        self.elapsed?;
        let mut counts = vec![0; self.bounds.len()];
        let mut sum = 0.0;
        let is_changed = |track: &&Track| !track.previous.is_identical(&track.current);
        for track in tracks.iter().filter(is_changed) {
            sum += track.add_increase(&mut counts);
        }
        let mut count = 0;
        let cumulative = self.bounds.iter().zip(&counts).map(|(bound, own)| {
            count += own;
            (*bound, count)
        });
        let buckets = cumulative.collect();
        Some(HistogramSnapshot {
            buckets,
            sum,
            count,
            ..HistogramSnapshot::default()
        })
    }
}
