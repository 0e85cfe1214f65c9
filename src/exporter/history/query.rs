//! `Query`: what is asked of a history, and how it is worked out.

use std::time::{Duration, SystemTime};

use super::change::{Held, has_grown};
use super::replay::{Replay, Track};
use super::ring::{Metric, Ring, Tick};
use crate::exporter::Histogram;

/// A question to a [`History`](super::History): of one metric its values, rate, average or a quantile over time.
///
/// Values are as they were at a tick; everything else is of what came since the tick before. A series that was not there at
/// that tick began at zero, and so did one that is below what it was: no rate is negative.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::exporter::Query;
///
/// let slow = Query::quantile("http_request_duration_seconds", 0.95)
///     .label("endpoint", "/orders")
///     .window(Duration::from_mins(5))
///     .sum();
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Query {
    pub(super) metric: String,
    pub(super) what: What,
    pub(super) labels: Vec<(String, String)>,
    pub(super) window: Option<Duration>,
    pub(super) is_sum: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    Values,
    Rate,
    Average,
    Quantile(f64),
}

/// The answer to a [`Query`] for one series, or for all of them as one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Timeline {
    /// The series' own; of a [`sum`](Query::sum) those that were asked for.
    pub labels: Vec<(String, String)>,
    /// When, and how much, oldest first. There is none for a tick that has no such number.
    pub points: Vec<(SystemTime, f64)>,
}

impl Query {
    fn new(metric: impl Into<String>, what: What) -> Self {
        Self {
            metric: metric.into(),
            what,
            labels: Vec::new(),
            window: None,
            is_sum: false,
        }
    }

    /// What a gauge or counter was at each tick. The metric is named as it is read, with its prefix.
    pub fn values(metric: impl Into<String>) -> Self {
        Self::new(metric, What::Values)
    }

    /// By how much a counter, or a histogram's count, grew a second.
    pub fn rate(metric: impl Into<String>) -> Self {
        Self::new(metric, What::Rate)
    }

    /// The mean of a histogram's samples. No point where none came.
    pub fn average(metric: impl Into<String>) -> Self {
        Self::new(metric, What::Average)
    }

    /// The value below which a share `q` of a histogram's samples lies, as [`Histogram::quantile`] has it. No point where
    /// none came.
    pub fn quantile(metric: impl Into<String>, q: f64) -> Self {
        Self::new(metric, What::Quantile(q))
    }

    /// Only series that have this label. All that are given must match. Defaults to none.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Only the last so long, counted from the newest tick. Defaults to all that is kept.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    /// All matching series as one: numbers added up, histograms bucket by bucket before anything is made of them. Defaults to
    /// each by itself.
    pub fn sum(mut self) -> Self {
        self.is_sum = true;
        self
    }

    /// How many ticks it wants points of.
    pub(super) fn ticks(&self, ring: &Ring) -> usize {
        let all = ring.ticks.len();
        self.window.map_or(all, |window| ring.within(window))
    }

    /// The ids and labels of the series it wants, by id.
    pub(super) fn matching(&self, metric: &Metric) -> Vec<(usize, Vec<(String, String)>)> {
        let is_wanted = |(_, own): &(usize, Vec<(String, String)>)| {
            self.labels.iter().all(|label| own.contains(label))
        };
        let mut matching: Vec<_> = metric.series().filter(is_wanted).collect();
        matching.sort_by_key(|(id, _)| *id);
        matching
    }

    pub(super) fn answer(
        &self,
        ring: &Ring,
        metric: &Metric,
        matching: Vec<(usize, Vec<(String, String)>)>,
    ) -> Vec<Timeline> {
        if matching.is_empty() {
            return Vec::new();
        }
        let (ids, labels): (Vec<_>, Vec<_>) = matching.into_iter().unzip();
        let labels = if self.is_sum {
            vec![self.labels.clone()]
        } else {
            labels
        };
        let timeline = |labels| Timeline {
            labels,
            points: Vec::new(),
        };
        let mut timelines: Vec<_> = labels.into_iter().map(timeline).collect();
        let mut replay = Replay::new(ring, ids);
        let mut skipped = ring.ticks.len() - self.ticks(ring);
        let mut before = None;
        while let Some(tick) = replay.next() {
            let step = Step::new(before.replace(tick), tick, &metric.bounds);
            if skipped > 0 {
                skipped -= 1;
                continue;
            }
            for (timeline, tracks) in timelines.iter_mut().zip(replay.tracks.chunks(
                // All of them make the one timeline of a sum.
                if self.is_sum { replay.tracks.len() } else { 1 },
            )) {
                let point = step.point(self.what, tracks);
                timeline
                    .points
                    .extend(point.map(|point| (tick.taken_at, point)));
            }
        }
        timelines.sort_by(|one, other| one.labels.cmp(&other.labels));
        timelines
    }
}

/// From one tick to the next.
struct Step<'a> {
    /// `None` at the oldest tick: nobody knows what came since what.
    elapsed: Option<Duration>,
    bounds: &'a [f64],
}

impl<'a> Step<'a> {
    fn new(before: Option<&Tick>, tick: &Tick, bounds: &'a [f64]) -> Self {
        Self {
            elapsed: before.map(|before| tick.at.saturating_sub(before.at)),
            bounds,
        }
    }

    fn point(&self, what: What, tracks: &[Track]) -> Option<f64> {
        match what {
            What::Values => tracks.iter().filter_map(Track::value).reduce(|a, b| a + b),
            What::Rate => {
                let seconds = self.elapsed?.as_secs_f64();
                let growth = tracks.iter().filter_map(Track::growth);
                Some(growth.reduce(|a, b| a + b)? / seconds)
            }
            What::Average => self.histogram(tracks)?.average(),
            What::Quantile(q) => self.histogram(tracks)?.quantile(q),
        }
    }

    /// What came, of all of them as one.
    fn histogram(&self, tracks: &[Track]) -> Option<Histogram> {
        self.elapsed?;
        let mut alone = vec![0; self.bounds.len()];
        let mut sum = 0.0;
        for track in tracks.iter().filter(|track| !track.was.is(&track.now)) {
            sum += track.add_samples(&mut alone);
        }
        let mut count = 0;
        let cumulative = self.bounds.iter().zip(&alone).map(|(bound, alone)| {
            count += alone;
            (*bound, count)
        });
        let buckets = cumulative.collect();
        Some(Histogram {
            buckets,
            sum,
            count,
        })
    }
}

impl Track {
    fn value(&self) -> Option<f64> {
        match self.now {
            Held::Number(number) => Some(number),
            _ => None,
        }
    }

    /// By how much the counter, or the histogram's count, grew; `None` if it is not there.
    fn growth(&self) -> Option<f64> {
        match (&self.was, &self.now) {
            (_, Held::Absent) => None,
            (Held::Number(was), Held::Number(now)) if now >= was => Some(now - was),
            // Below what it was: it began anew, and all of it is new.
            (_, Held::Number(now)) => Some(*now),
            (_, Held::Distribution(now)) => {
                let samples = |parts| parted(parts).1.iter().sum::<u64>();
                Some((samples(now) - self.before().map_or(0, samples)) as f64)
            }
        }
    }

    /// Adds to each bucket what it got, and gives the sum of these samples.
    fn add_samples(&self, alone: &mut [u64]) -> f64 {
        let Held::Distribution(now) = &self.now else {
            return 0.0;
        };
        let (sum, now) = parted(now);
        let (sum_before, before) = self.before().map_or((0.0, &[][..]), parted);
        let before = before.iter().chain(std::iter::repeat(&0));
        for (all, (now, before)) in alone.iter_mut().zip(now.iter().zip(before)) {
            *all += now - before;
        }
        sum - sum_before
    }

    /// The distribution at the tick before; `None` if it was not there, or began anew.
    fn before(&self) -> Option<&[u64]> {
        match (&self.was, &self.now) {
            (Held::Distribution(was), Held::Distribution(now)) => {
                has_grown(was, now).then_some(&**was)
            }
            _ => None,
        }
    }
}

/// The sum of a distribution, and its buckets.
fn parted(parts: &[u64]) -> (f64, &[u64]) {
    parts.split_first().map_or((0.0, parts), |(sum, buckets)| {
        (f64::from_bits(*sum), buckets)
    })
}
