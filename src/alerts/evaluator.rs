//! `Evaluator`: computes a signal.

use std::borrow::Cow;
use std::time::Duration;

use super::evaluated::Labels;
use super::found::Found;
use super::measure::Measure;
use super::points::{Points, Read, WrongKind};
use super::rule::Rule;
use super::samples::{LOOKBACK, Samples};
use super::scratch::Scratch;
use super::sum::Sum;
use super::view::{Members, View};
use super::window::Window;
use crate::error::Error;

/// One evaluation of one rule.
pub(super) struct Evaluator<'a, 's> {
    pub(super) rule: &'s Rule,
    pub(super) samples: &'a Samples,
    /// The series of its selectors.
    pub(super) views: [Option<View<'a>>; 2],
    /// In milliseconds since 1970.
    pub(super) now: i64,
    /// Takes the members.
    pub(super) scratch: &'s mut Scratch<'a>,
}

impl<'a> Evaluator<'a, '_> {
    pub(super) fn evaluate(&mut self) -> Result<(), Error> {
        let rule = self.rule;
        match &rule.signal.measure {
            Measure::Value { .. } => {
                let read = self.reads_current();
                self.sums(read, |sum| (sum, None))
            }
            Measure::Rate { window, .. } => {
                let window = self.window(*window);
                let rate =
                    |points: Points<'_>| Ok(points.span(window)?.map(|span| window.rate(span)));
                self.sums(rate, |sum| (sum, None))
            }
            Measure::Increase { window, .. } => {
                let window = self.window(*window);
                self.sums(increase(window), |sum| (sum, None))
            }
            Measure::Ratio { window, .. } => {
                let window = self.window(*window);
                self.ratio(increase(window), |part, whole| {
                    let part = part.map_or(0.0, Sum::value);
                    Some((part / whole.value(), Some(whole.value())))
                })
            }
            Measure::Average { window, .. } => self.average(self.window(*window)),
            Measure::Quantile {
                quantile, window, ..
            } => self.quantile(*quantile, self.window(*window)),
            Measure::Age { .. } => {
                let oldest = |oldest: &mut f64, time| *oldest = oldest.min(time);
                let now = self.now as f64 / 1000.0;
                self.fold(self.reads_current(), oldest, |time| (now - time, None))
            }
            Measure::Absent { .. } => self.absent(),
            Measure::Max { .. } => self.extreme(f64::max),
            Measure::Min { .. } => self.extreme(f64::min),
            Measure::Avg { .. } => self.avg(),
            Measure::Quotient { .. } => self.ratio(self.reads_current(), |part, whole| {
                Some((part?.value() / whole.value(), None))
            }),
            Measure::Computed { name } => self.computed(name),
        }
    }

    fn average(&mut self, window: Window) -> Result<(), Error> {
        let read = |points: Points<'_>| {
            let points = points.histogram(window)?;
            let sum = points.sum();
            let count = points.count();
            let rates = sum.zip(count);
            let rate = |span| Sum::from(window.rate(span));
            Ok(rates.map(|(sum, count)| (rate(sum), rate(count))))
        };
        let add = |total: &mut (Sum, Sum), other: (Sum, Sum)| {
            total.0.add(other.0.value());
            total.1.add(other.1.value());
        };
        self.fold(read, add, |(sum, count)| {
            let (sum, count) = (sum.value(), count.value());
            (sum / count, Some(count * window.seconds()))
        })
    }

    fn absent(&mut self) -> Result<(), Error> {
        let view = self.view(0)?;
        let newest = self.samples.newest().map(|newest| newest.min(self.now));
        if !newest.is_some_and(|newest| self.window(LOOKBACK).contains(newest)) {
            return Ok(());
        }
        let is_current = |points: Points<'_>| {
            let newest = points.newest_until(self.now);
            newest.is_some_and(|newest| self.is_current(newest))
        };
        let is_absent = !view.points().any(is_current);
        let value = f64::from(u8::from(is_absent));
        self.add(Cow::Borrowed(&view.selected.absent), value, None);
        Ok(())
    }

    /// Computes the groups of the whole by their parts and themselves. A part without a whole has no value.
    fn ratio(
        &mut self,
        read: impl Fn(Points<'_>) -> Read<f64>,
        value: impl Fn(Option<Sum>, Sum) -> Option<(f64, Option<f64>)>,
    ) -> Result<(), Error> {
        let [parts, wholes] = [self.view(0)?, self.view(1)?];
        let read = |points: Points<'_>| Ok(read(points)?.map(Sum::from));
        let sum = |view: View<'a>, members| {
            let add = |sum: &mut Sum, term: Sum| sum.add(term.value());
            let sum = joined(members, read, add);
            sum.map_err(|wrong| unreadable(view, &wrong))
        };
        for points in parts.points() {
            points
                .check_numbers()
                .map_err(|wrong| unreadable(parts, &wrong))?;
        }
        for (labels, members) in wholes.groups() {
            let Some(whole) = sum(wholes, members)? else {
                continue;
            };
            let part = match parts.group(labels) {
                Some(members) => sum(parts, members)?,
                None => None,
            };
            if let Some((value, events)) = value(part, whole) {
                self.add(Cow::Borrowed(labels), value, events);
            }
        }
        Ok(())
    }

    fn sums(
        &mut self,
        read: impl Fn(Points<'_>) -> Read<f64>,
        value: impl Fn(f64) -> (f64, Option<f64>),
    ) -> Result<(), Error> {
        let read = |points: Points<'_>| Ok(read(points)?.map(Sum::from));
        let add = |sum: &mut Sum, term: Sum| sum.add(term.value());
        self.fold(read, add, |sum| value(sum.value()))
    }

    /// Reads the current value of a counter or gauge.
    pub(super) fn reads_current(&self) -> impl Fn(Points<'_>) -> Read<f64> + use<> {
        let window = self.window(LOOKBACK);
        let newest = self.samples.newest().filter(|newest| *newest <= self.now);
        move |points| {
            let last = points.last(window)?;
            let last = last.filter(|(time, _)| is_current(*time, window, newest));
            Ok(last.map(|(_, value)| value))
        }
    }

    /// Whether a series with its last point at `time` has a value now: it is recent, and no later snapshot lacks the series.
    fn is_current(&self, time: i64) -> bool {
        let newest = self.samples.newest().filter(|newest| *newest <= self.now);
        is_current(time, self.window(LOOKBACK), newest)
    }

    /// Reads each series, joins the values of a group, and adds its member.
    pub(super) fn fold<T>(
        &mut self,
        read: impl Fn(Points<'a>) -> Read<T>,
        join: impl Fn(&mut T, T),
        value: impl Fn(T) -> (f64, Option<f64>),
    ) -> Result<(), Error> {
        let view = self.view(0)?;
        for (labels, members) in view.groups() {
            let total = joined(members, &read, &join);
            let total = total.map_err(|wrong| unreadable(view, &wrong))?;
            if let Some(total) = total {
                let (value, events) = value(total);
                self.add(Cow::Borrowed(labels), value, events);
            }
        }
        Ok(())
    }

    /// Adds a member with the value of its group and the number of events behind it.
    pub(super) fn add(&mut self, labels: Cow<'a, Labels>, value: f64, events: Option<f64>) {
        let rule = self.rule;
        let is_enough = |events| events >= rule.min_events as f64;
        self.scratch.found.push(Found {
            labels,
            value,
            holds: events.is_none_or(is_enough) && rule.comparison.holds(value, rule.threshold),
        });
    }

    pub(super) fn view(&self, selector: usize) -> Result<View<'a>, Error> {
        let view = self.views.get(selector).copied().flatten();
        view.ok_or_else(|| {
            let mut selectors = self.rule.signal.measure.selectors();
            let metric = selectors.nth(selector).map_or("", |it| &*it.metric);
            Error::invalid(format!(
                "the samples were made for rules that do not read metric {metric:?} in this way: make them for this rule, too"
            ))
        })
    }

    pub(super) fn window(&self, length: Duration) -> Window {
        Window::before(self.now, length)
    }
}

fn is_current(time: i64, window: Window, newest: Option<i64>) -> bool {
    window.contains(time) && newest.is_none_or(|newest| newest == time)
}

fn increase(window: Window) -> impl Fn(Points<'_>) -> Read<f64> {
    move |points| Ok(points.span(window)?.map(|span| window.increase(span)))
}

/// The joined values of a group.
fn joined<'a, T>(
    members: Members<'a>,
    read: impl Fn(Points<'a>) -> Read<T>,
    join: impl Fn(&mut T, T),
) -> Read<T> {
    let mut total = None;
    for points in members.points() {
        let Some(value) = read(points)? else {
            continue;
        };
        match &mut total {
            None => total = Some(value),
            Some(total) => join(total, value),
        }
    }
    Ok(total)
}

pub(super) fn unreadable(view: View<'_>, WrongKind(kind): &WrongKind) -> Error {
    let metric = &view.selected.selector.metric;
    Error::invalid(format!(
        "the signal cannot read metric {metric:?}: it is a {kind}"
    ))
}
