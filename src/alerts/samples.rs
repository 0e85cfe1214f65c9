//! `Samples`: the points that rules read.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::family::Family;
use super::family_part::FamilyPart;
use super::labels;
use super::rule::Rule;
use super::selected::Selected;
use super::selector::Selector;
use super::table::Table;
use super::view::View;
use super::window::{Window, milliseconds};
use crate::error::{Error, logged};
use crate::exporter::Snapshot;

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
    selected: Vec<Selected>,
    by_selector: HashMap<Selector, usize>,
    families: Vec<Family>,
    /// The selectors and groupings of each rule, in the order of the rules.
    plans: Vec<Plan>,
    /// The values of closures, or their errors, by the closures' names.
    computed: HashMap<String, ComputedValues>,
    max_series: usize,
    max_points: usize,
    /// The time of the newest snapshot.
    newest: Option<i64>,
    dropped_series: u64,
    dropped_points: u64,
}

/// The indexes of a selector and of a grouping for each selector of a rule.
type Plan = [Option<(usize, Option<usize>)>; 2];

/// The values of a closure, or its error.
pub(super) type ComputedValues = Result<Vec<(labels::Labels, f64)>, String>;

/// The size of [`Samples`], and its losses so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamplesStats {
    /// The number of series. One that rules read with windows of several lengths counts for each.
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
        let mut samples = Self {
            selected: Vec::new(),
            by_selector: HashMap::new(),
            families: Vec::new(),
            plans: Vec::new(),
            computed: HashMap::new(),
            max_series: MAX_SERIES,
            max_points: MAX_POINTS,
            newest: None,
            dropped_series: 0,
            dropped_points: 0,
        };
        let mut windows: Vec<Duration> = Vec::new();
        for rule in rules {
            let measure = &rule.signal.measure;
            let window = measure.window().unwrap_or(LOOKBACK);
            let mut plan = Plan::default();
            for (planned, selector) in plan.iter_mut().zip(measure.selectors()) {
                let index = samples.select(selector);
                windows.resize(samples.selected.len(), Duration::ZERO);
                windows[index] = windows[index].max(window);
                let grouping = samples.selected[index].group_by(&rule.signal.by);
                *planned = Some((index, grouping));
            }
            samples.plans.push(plan);
        }
        for (selected, window) in samples.selected.iter_mut().zip(windows) {
            selected.table = samples.families[selected.family].table(window);
        }
        samples
    }

    fn select(&mut self, selector: &Selector) -> usize {
        if let Some(index) = self.by_selector.get(selector) {
            return *index;
        }
        let index = self.selected.len();
        let known = self
            .families
            .iter()
            .position(|it| it.metric == selector.metric);
        let family = known.unwrap_or_else(|| {
            self.families.push(Family::new(&selector.metric));
            self.families.len() - 1
        });
        self.families[family].select(index, selector);
        self.selected.push(Selected::new(selector, family));
        self.by_selector.insert(selector.clone(), index);
        index
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
        let went_back = self.newest.is_some_and(|newest| newest >= now);
        for table in self.families.iter_mut().flat_map(|it| &mut it.tables) {
            if went_back {
                table.drop_from(now);
            }
            table.drop_until(Window::before(now, table.window).start);
        }
        let mut room = self.max_series.saturating_sub(self.series());
        for family in &mut self.families {
            let part = FamilyPart::named(snapshot, &family.metric);
            family.add(now, part.as_ref(), &mut self.selected, &mut room);
            family.remove_empty(&mut self.selected);
        }
        let refused = self.tables().map(|table| table.refused as u64);
        self.dropped_series += refused.sum::<u64>();
        self.newest = Some(now);
        self.shrink();
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.families.iter().flat_map(|family| &family.tables)
    }

    fn series(&self) -> usize {
        self.tables().map(|table| table.series.len()).sum()
    }

    fn points(&self) -> usize {
        self.tables().map(Table::size).sum()
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
        values: Result<Vec<(labels::Labels, f64)>, Error>,
    ) {
        let values = values.map_err(|error| logged(&error));
        self.computed.insert(name.into(), values);
    }

    /// Removes the oldest points, those of all series alike, until the rest is within its bound.
    fn shrink(&mut self) {
        let mut points = self.points();
        if points <= self.max_points {
            return;
        }
        while points > self.max_points
            && let Some(oldest) = self.tables().filter_map(Table::oldest).min()
        {
            let tables = self.families.iter_mut().flat_map(|it| &mut it.tables);
            tables.for_each(|table| table.drop_until(oldest));
            let before = std::mem::replace(&mut points, self.points());
            self.dropped_points += (before - points) as u64;
        }
        for family in &mut self.families {
            family.remove_empty(&mut self.selected);
        }
    }

    /// Returns the size and the losses.
    #[must_use]
    pub fn stats(&self) -> SamplesStats {
        SamplesStats {
            series: self.series(),
            points: self.points(),
            dropped_series: self.dropped_series,
            dropped_points: self.dropped_points,
        }
    }

    /// The series of a selector. `None` if it is of none of the rules.
    pub(super) fn selected(&self, selector: &Selector) -> Option<(&Selected, &Table)> {
        self.with_table(*self.by_selector.get(selector)?)
    }

    fn with_table(&self, selected: usize) -> Option<(&Selected, &Table)> {
        let selected = self.selected.get(selected)?;
        let family = self.families.get(selected.family)?;
        Some((selected, family.tables.get(selected.table)?))
    }

    /// The series that the rule of this index reads.
    pub(super) fn planned(&self, rule: usize) -> [Option<View<'_>>; 2] {
        let plan = self.plans.get(rule).copied().unwrap_or_default();
        plan.map(|planned| {
            let (selected, grouping) = planned?;
            let (selected, table) = self.with_table(selected)?;
            let grouping = grouping.and_then(|grouping| selected.groupings.get(grouping));
            Some(View {
                selected,
                table,
                grouping,
            })
        })
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
