//! `Samples`: the points that rules read.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::evaluated;
use super::family_part::FamilyPart;
use super::points::Points;
use super::rule::Rule;
use super::selector::Selector;
use super::window::{Window, milliseconds};
use crate::error::{Error, logged};
use crate::exporter::{Labels, Snapshot};

/// A current value is at most this old, as in Prometheus.
pub(super) const LOOKBACK: Duration = Duration::from_secs(5 * 60);
const MAX_SERIES: usize = 10_000;
const MAX_POINTS: usize = 1_000_000;

/// The points of those series that a set of rules reads, within the longest window of each selector. Bounded: see
/// [`max_series`](Self::max_series) and [`max_points`](Self::max_points).
///
/// Add a snapshot before each evaluation of the rules. A series that the newest snapshot lacks has no current value, but its
/// points count in windows, as in Prometheus.
#[derive(Debug)]
pub struct Samples {
    selected: HashMap<Selector, Selected>,
    /// The values of closures, or their errors, by the closures' names.
    computed: HashMap<String, ComputedValues>,
    max_series: usize,
    max_points: usize,
    /// The time of the newest snapshot.
    newest: Option<i64>,
    dropped_series: u64,
    dropped_points: u64,
}

/// The values of a closure, or its error.
pub(super) type ComputedValues = Result<Vec<(evaluated::Labels, f64)>, String>;

/// The series of one selector.
#[derive(Debug)]
pub(super) struct Selected {
    window: Duration,
    series: HashMap<Labels, Points>,
}

/// The size of [`Samples`], and its losses so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamplesStats {
    /// The number of series. One that several selectors select counts for each.
    pub series: usize,
    /// The number of points. A histogram's point counts once for each of its buckets, and once for its sum.
    pub points: usize,
    /// The number of points that were not stored, because their series were too many.
    pub dropped_series: u64,
    /// The number of points that were removed before they left their window, because there were too many.
    pub dropped_points: u64,
}

impl Samples {
    /// Creates an empty store for the series and windows of these rules.
    #[must_use]
    pub fn for_rules(rules: &[Rule]) -> Self {
        let mut selected = HashMap::new();
        for rule in rules {
            let measure = &rule.signal.measure;
            let window = measure.window().unwrap_or(LOOKBACK);
            for selector in measure.selectors() {
                let own = selected.entry(selector.clone());
                let own = own.or_insert_with(|| Selected {
                    window,
                    series: HashMap::new(),
                });
                own.window = own.window.max(window);
            }
        }
        Self {
            selected,
            computed: HashMap::new(),
            max_series: MAX_SERIES,
            max_points: MAX_POINTS,
            newest: None,
            dropped_series: 0,
            dropped_points: 0,
        }
    }

    /// Sets the greatest number of series. More are left out. Defaults to 10,000.
    #[must_use]
    pub fn max_series(mut self, series: usize) -> Self {
        self.max_series = series;
        self
    }

    /// Sets the greatest number of points. The oldest are removed first, so windows lose their beginning. Defaults to
    /// 1,000,000, which take about 16 MB.
    #[must_use]
    pub fn max_points(mut self, points: usize) -> Self {
        self.max_points = points;
        self
    }

    /// Adds the points of a snapshot at the time `now`, and removes those that left their windows.
    ///
    /// If the clock was set back, the points from `now` on are removed.
    pub fn add(&mut self, snapshot: &Snapshot, now: SystemTime) {
        let now = milliseconds(now);
        let mut count = self.stats().series;
        let went_back = self.newest.is_some_and(|newest| newest >= now);
        for (selector, selected) in &mut self.selected {
            if went_back {
                for points in selected.series.values_mut() {
                    points.drop_from(now);
                }
            }
            let part = FamilyPart::named(snapshot, &selector.metric);
            let values = part.iter().flat_map(|part| {
                let series = part.family.series.iter();
                let series = series.filter(|series| selector.matches(&series.labels));
                series.filter_map(|series| Some((&series.labels, part.value(&series.value)?)))
            });
            for (labels, value) in values {
                if let Some(points) = selected.series.get_mut(labels) {
                    if !points.fits(&value) {
                        *points = Points::of(&value);
                    }
                    points.push(now, &value);
                } else if count < self.max_series {
                    let mut points = Points::of(&value);
                    points.push(now, &value);
                    selected.series.insert(labels.clone(), points);
                    count += 1;
                } else {
                    self.dropped_series += 1;
                }
            }
            let start = Window::before(now, selected.window).start;
            selected.remove_until(start);
        }
        self.newest = Some(now);
        self.shrink();
    }

    /// Sets the values that rules of [`Signal::computed`](super::Signal::computed) read under this name, in place of those before.
    /// With an error, the evaluation of these rules fails. Set them before each evaluation.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tower_vitals::alerts::{Evaluation, Rule, Samples, Signal};
    ///
    /// let rule = Rule::new("QueueLong", Signal::computed("queue_length").by(["queue"])).gt(100.0);
    /// let mut samples = Samples::for_rules(std::slice::from_ref(&rule));
    /// samples.set_computed("queue_length", Ok(vec![([("queue".into(), "mail".into())].into(), 120.0)]));
    /// let Evaluation::Members(members) = rule.evaluate(&samples, SystemTime::now()) else { panic!() };
    /// assert!(members[0].holds && members[0].labels["queue"] == "mail");
    /// ```
    pub fn set_computed(
        &mut self,
        name: impl Into<String>,
        values: Result<Vec<(evaluated::Labels, f64)>, Error>,
    ) {
        let values = values.map_err(|error| logged(&error));
        self.computed.insert(name.into(), values);
    }

    /// Removes the oldest points, those of all series alike, until the rest is within its bound.
    fn shrink(&mut self) {
        let mut points = self.stats().points;
        while points > self.max_points {
            let all = self
                .selected
                .values()
                .flat_map(|selected| selected.series.values());
            let Some(oldest) = all.filter_map(Points::oldest).min() else {
                return;
            };
            for selected in self.selected.values_mut() {
                selected.remove_until(oldest);
            }
            let rest = self.stats().points;
            self.dropped_points += (points - rest) as u64;
            points = rest;
        }
    }

    /// Returns the size and the losses.
    #[must_use]
    pub fn stats(&self) -> SamplesStats {
        let series = || {
            self.selected
                .values()
                .flat_map(|selected| selected.series.values())
        };
        SamplesStats {
            series: self
                .selected
                .values()
                .map(|selected| selected.series.len())
                .sum(),
            points: series().map(Points::size).sum(),
            dropped_series: self.dropped_series,
            dropped_points: self.dropped_points,
        }
    }

    /// The series of a selector. `None` if it is of none of the rules.
    pub(super) fn selected(&self, selector: &Selector) -> Option<&HashMap<Labels, Points>> {
        Some(&self.selected.get(selector)?.series)
    }

    /// The values of a closure. `None` if none were set.
    pub(super) fn computed(&self, name: &str) -> Option<&ComputedValues> {
        self.computed.get(name)
    }

    /// The time of the newest snapshot.
    pub(super) fn newest(&self) -> Option<i64> {
        self.newest
    }
}

impl Selected {
    fn remove_until(&mut self, time: i64) {
        self.series.retain(|_, points| {
            points.drop_until(time);
            points.newest().is_some()
        });
    }
}
