//! `Evaluator`: computes a signal.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use super::buckets::Buckets;
use super::groups::Groups;
use super::matcher::Operator;
use super::measure::Measure;
use super::points::{Points, WrongKind, within};
use super::samples::{LOOKBACK, Samples};
use super::selector::Selector;
use super::sum::Sum;
use super::window::{Window, milliseconds};
use crate::error::Error;
use crate::exporter::Labels;

/// One evaluation of one signal.
pub(super) struct Evaluator<'a> {
    pub(super) by: &'a [String],
    pub(super) samples: &'a Samples,
    now: i64,
}

/// The value of one group.
pub(super) struct Member {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
    /// The number of events behind a ratio, an average or a quantile.
    pub(super) events: Option<f64>,
}

pub(super) type Members = Vec<Member>;

/// The value of one series. `None` for too few points.
pub(super) type Read<T> = Result<Option<T>, WrongKind>;

impl<'a> Evaluator<'a> {
    pub(super) fn new(by: &'a [String], samples: &'a Samples, now: SystemTime) -> Self {
        Self {
            by,
            samples,
            now: milliseconds(now),
        }
    }

    pub(super) fn evaluate(&self, measure: &Measure) -> Result<Members, Error> {
        match measure {
            Measure::Value { selector } => {
                let groups = self.sums(selector, |points| self.current(points))?;
                Ok(members(groups, |sum| (sum.value(), None)))
            }
            Measure::Rate { selector, window } => {
                let window = self.window(*window);
                let rate = |points: &Points| Ok(window.rate(within_numbers(points, window)?));
                let groups = self.sums(selector, rate)?;
                Ok(members(groups, |sum| (sum.value(), None)))
            }
            Measure::Increase { selector, window } => {
                let groups = self.increases(selector, self.window(*window))?;
                Ok(members(groups, |sum| (sum.value(), None)))
            }
            Measure::Ratio {
                part,
                whole,
                window,
            } => self.ratio(part, whole, self.window(*window)),
            Measure::Average { selector, window } => self.average(selector, self.window(*window)),
            Measure::Quantile {
                quantile,
                selector,
                window,
            } => self.quantile(*quantile, selector, self.window(*window)),
            Measure::Age { selector } => {
                let oldest = |oldest: &mut f64, time| *oldest = oldest.min(time);
                let groups = self.fold(selector, |points| self.current(points), oldest)?;
                let now = self.now as f64 / 1000.0;
                Ok(members(groups, |time| (now - time, None)))
            }
            Measure::Absent { selector } => self.absent(selector),
            Measure::Max { selector } => self.extreme(selector, f64::max),
            Measure::Min { selector } => self.extreme(selector, f64::min),
            Measure::Avg { selector } => self.avg(selector),
            Measure::Quotient { part, whole } => self.quotient(part, whole),
            Measure::Computed { name } => self.computed(name),
        }
    }

    fn ratio(&self, part: &Selector, whole: &Selector, window: Window) -> Result<Members, Error> {
        let mut parts = self.increases(part, window)?;
        let wholes = self.increases(whole, window)?;
        let shares = wholes.map(|group, whole| {
            let (part, whole) = (parts.remove(group).unwrap_or_default(), whole.value());
            (part.value() / whole, Some(whole))
        });
        Ok(members(shares, |share| share))
    }

    fn average(&self, selector: &Selector, window: Window) -> Result<Members, Error> {
        let read = |points: &Points| {
            let (_, points) = points.histograms()?;
            let points = within(points, window);
            let sum = points.clone().map(|(time, point)| (*time, point.sum));
            let count = points.map(|(time, point)| (*time, point.count()));
            let rates = window.rate(sum).zip(window.rate(count));
            Ok(rates.map(|(sum, count)| (Sum::from(sum), Sum::from(count))))
        };
        let add = |total: &mut (Sum, Sum), other: (Sum, Sum)| {
            total.0.add(other.0.value());
            total.1.add(other.1.value());
        };
        let groups = self.fold(selector, read, add)?;
        Ok(members(groups, |(sum, count)| {
            let (sum, count) = (sum.value(), count.value());
            (sum / count, Some(count * window.seconds()))
        }))
    }

    fn quantile(&self, share: f64, selector: &Selector, window: Window) -> Result<Members, Error> {
        let read = |points: &'a Points| {
            let (bounds, points) = points.histograms()?;
            Ok(Buckets::rates(bounds, points, window))
        };
        let groups = self.fold(selector, read, Buckets::add)?;
        Ok(members(groups, |buckets| {
            let events = buckets.count() * window.seconds();
            (buckets.quantile(share), Some(events))
        }))
    }

    fn absent(&self, selector: &Selector) -> Result<Members, Error> {
        let series = self.selected(selector)?;
        let newest = self.samples.newest().map(|newest| newest.min(self.now));
        if !newest.is_some_and(|newest| self.window(LOOKBACK).contains(newest)) {
            return Ok(Vec::new());
        }
        let is_current = |points: &Points| {
            let newest = points.newest_until(self.now);
            newest.is_some_and(|newest| self.is_current(newest))
        };
        let is_absent = !series.values().any(is_current);
        let equal = selector.matchers.iter();
        let equal = equal.filter(|matcher| {
            let mut all = selector.matchers.iter();
            matcher.operator == Operator::Eq
                && !all.any(|other| other.label == matcher.label && other != *matcher)
        });
        Ok(vec![Member {
            labels: equal
                .map(|matcher| (matcher.label.clone(), matcher.value.clone()))
                .collect(),
            value: f64::from(u8::from(is_absent)),
            events: None,
        }])
    }

    /// The increases of counters.
    fn increases(&self, selector: &Selector, window: Window) -> Result<Groups<'a, Sum>, Error> {
        let increase = |points: &Points| Ok(window.increase(within_numbers(points, window)?));
        self.sums(selector, increase)
    }

    pub(super) fn sums(
        &self,
        selector: &Selector,
        read: impl Fn(&Points) -> Read<f64>,
    ) -> Result<Groups<'a, Sum>, Error> {
        let read = |points: &Points| Ok(read(points)?.map(Sum::from));
        self.fold(selector, read, |sum, term| sum.add(term.value()))
    }

    /// The current value of a counter or gauge, as [`fold`](Self::fold) reads it.
    pub(super) fn current(&self, points: &Points) -> Read<f64> {
        let last = within(points.numbers()?, self.window(LOOKBACK)).next_back();
        let last = last.filter(|(time, _)| self.is_current(*time));
        Ok(last.map(|(_, value)| *value))
    }

    /// Whether a series with its last point at `time` has a value now: it is recent, and no later snapshot lacks the series.
    fn is_current(&self, time: i64) -> bool {
        let newest = self.samples.newest().filter(|newest| *newest <= self.now);
        self.window(LOOKBACK).contains(time) && newest.is_none_or(|newest| newest == time)
    }

    /// Reads each series and joins the values of a group.
    pub(super) fn fold<T>(
        &self,
        selector: &Selector,
        read: impl Fn(&'a Points) -> Read<T>,
        join: impl Fn(&mut T, T),
    ) -> Result<Groups<'a, T>, Error> {
        let mut groups = Groups::new(self.by);
        for (labels, points) in self.selected(selector)? {
            let value = read(points).map_err(|WrongKind(kind)| {
                let metric = &selector.metric;
                Error::invalid(format!(
                    "the signal cannot read metric {metric:?}: it is a {kind}"
                ))
            })?;
            let Some(value) = value else { continue };
            match groups.entry(labels) {
                Entry::Vacant(entry) => drop(entry.insert(value)),
                Entry::Occupied(mut entry) => join(entry.get_mut(), value),
            }
        }
        Ok(groups)
    }

    fn selected(&self, selector: &Selector) -> Result<&'a HashMap<Labels, Points>, Error> {
        self.samples.selected(selector).ok_or_else(|| {
            let metric = &selector.metric;
            Error::invalid(format!(
                "the samples were made for rules that do not read metric {metric:?} in this way: make them for this rule, too"
            ))
        })
    }

    fn window(&self, length: Duration) -> Window {
        Window::before(self.now, length)
    }
}

/// The points of a counter or gauge in a window.
fn within_numbers(
    points: &Points,
    window: Window,
) -> Result<impl Iterator<Item = (i64, f64)>, WrongKind> {
    Ok(within(points.numbers()?, window).copied())
}

pub(super) fn members<T>(
    groups: Groups<'_, T>,
    value: impl Fn(T) -> (f64, Option<f64>),
) -> Members {
    let member = |(labels, group)| {
        let (value, events) = value(group);
        Member {
            labels,
            value,
            events,
        }
    };
    groups.into_labels().map(member).collect()
}
