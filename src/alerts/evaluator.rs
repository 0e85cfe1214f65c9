//! `Evaluator`: computes a signal.

use std::borrow::Cow;
use std::time::Duration;

use super::found::Found;
use super::frame::{Frame, Read, WrongKind, check_numbers};
use super::labels::Labels;
use super::measure::Measure;
use super::rule::Rule;
use super::samples::{LOOKBACK, Samples};
use super::scratch::Scratch;
use super::series::Series;
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
                let read = self.reads_current(0)?;
                self.sums(read, |sum| (sum, None))
            }
            Measure::Rate { window, .. } => {
                let frame = self.frame(0, *window)?;
                let rate = |span| frame.window.rate(span);
                let rate = |series: &Series| Ok(frame.span(series)?.map(rate));
                self.sums(rate, |sum| (sum, None))
            }
            Measure::Increase { window, .. } => {
                let increase = increase(self.frame(0, *window)?);
                self.sums(increase, |sum| (sum, None))
            }
            Measure::Ratio { window, .. } => {
                let part = increase(self.frame(0, *window)?);
                let whole = increase(self.frame(1, *window)?);
                self.ratio(part, whole, |part, whole| {
                    let part = part.map_or(0.0, Sum::value);
                    Some((part / whole.value(), Some(whole.value())))
                })
            }
            Measure::Average { window, .. } => self.average(self.frame(0, *window)?),
            Measure::Quantile {
                quantile, window, ..
            } => self.quantile(*quantile, self.frame(0, *window)?),
            Measure::Age { .. } => {
                let oldest = |oldest: &mut f64, time| *oldest = oldest.min(time);
                let now = self.now as f64 / 1000.0;
                self.fold(self.reads_current(0)?, oldest, |time| (now - time, None))
            }
            Measure::Absent { .. } => self.absent(),
            Measure::Max { .. } => self.extreme(f64::max),
            Measure::Min { .. } => self.extreme(f64::min),
            Measure::Avg { .. } => self.avg(),
            Measure::Quotient { .. } => {
                let part = self.reads_current(0)?;
                let whole = self.reads_current(1)?;
                self.ratio(part, whole, |part, whole| {
                    Some((part?.value() / whole.value(), None))
                })
            }
            Measure::Computed { name } => self.computed(name),
        }
    }

    fn average(&mut self, frame: Frame<'a>) -> Result<(), Error> {
        let window = frame.window;
        let read = |series: &'a Series| {
            let points = frame.histogram(series)?;
            let rates = points.sum().zip(points.count());
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
        let until_now = Window {
            start: i64::MIN,
            end: self.now,
        };
        let frame = Frame::new(view.table, until_now);
        let is_current = |series: &Series| {
            let newest = frame.newest(series);
            newest.is_some_and(|newest| self.is_current(newest))
        };
        let is_absent = !view.series().any(is_current);
        let value = f64::from(u8::from(is_absent));
        self.add(Cow::Borrowed(&view.selected.absent), value, None);
        Ok(())
    }

    /// Computes the groups of the whole by their parts and themselves. A part without a whole has no value.
    fn ratio(
        &mut self,
        read_part: impl Fn(&Series) -> Read<f64>,
        read_whole: impl Fn(&Series) -> Read<f64>,
        value: impl Fn(Option<Sum>, Sum) -> Option<(f64, Option<f64>)>,
    ) -> Result<(), Error> {
        let [parts, wholes] = [self.view(0)?, self.view(1)?];
        for series in parts.series() {
            check_numbers(series).map_err(|wrong| unreadable(parts, &wrong))?;
        }
        let mut rest = parts.groups().peekable();
        for (labels, members) in wholes.groups() {
            let Some(whole) = sum(wholes, members, &read_whole)? else {
                continue;
            };
            let mut part = None;
            while let Some((other, members)) = rest.peek() {
                let order = (*other).cmp(labels);
                if order.is_eq() {
                    part = sum(parts, *members, &read_part)?;
                }
                if order.is_gt() {
                    break;
                }
                rest.next();
            }
            if let Some((value, events)) = value(part, whole) {
                self.add(Cow::Borrowed(labels), value, events);
            }
        }
        Ok(())
    }

    fn sums(
        &mut self,
        read: impl Fn(&Series) -> Read<f64>,
        value: impl Fn(f64) -> (f64, Option<f64>),
    ) -> Result<(), Error> {
        let read = |series: &Series| Ok(read(series)?.map(Sum::from));
        let add = |sum: &mut Sum, term: Sum| sum.add(term.value());
        self.fold(read, add, |sum| value(sum.value()))
    }

    /// Reads the current value of a counter or gauge.
    pub(super) fn reads_current(
        &self,
        selector: usize,
    ) -> Result<impl Fn(&Series) -> Read<f64> + use<'a>, Error> {
        let frame = self.frame(selector, LOOKBACK)?;
        let newest = self.samples.newest().filter(|newest| *newest <= self.now);
        Ok(move |series: &Series| {
            let last = frame.last(series)?;
            let last = last.filter(|(time, _)| is_current(*time, frame.window, newest));
            Ok(last.map(|(_, value)| value))
        })
    }

    /// Whether a series with its last point at `time` has a value now: it is recent, and no later snapshot lacks the series.
    fn is_current(&self, time: i64) -> bool {
        let newest = self.samples.newest().filter(|newest| *newest <= self.now);
        is_current(time, self.window(LOOKBACK), newest)
    }

    /// Reads each series, joins the values of a group, and adds its member.
    pub(super) fn fold<T>(
        &mut self,
        read: impl Fn(&'a Series) -> Read<T>,
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

    fn window(&self, length: Duration) -> Window {
        Window::before(self.now, length)
    }

    /// The window before now, in the table of a selector.
    fn frame(&self, selector: usize, length: Duration) -> Result<Frame<'a>, Error> {
        let table = self.view(selector)?.table;
        Ok(Frame::new(table, self.window(length)))
    }
}

fn is_current(time: i64, window: Window, newest: Option<i64>) -> bool {
    window.contains(time) && newest.is_none_or(|newest| newest == time)
}

fn increase(frame: Frame<'_>) -> impl Fn(&Series) -> Read<f64> {
    move |series| {
        let span = frame.span(series)?;
        Ok(span.map(|span| frame.window.increase(span)))
    }
}

/// The sum of a group.
fn sum<'a>(
    view: View<'a>,
    members: Members<'a>,
    read: impl Fn(&Series) -> Read<f64>,
) -> Result<Option<Sum>, Error> {
    let read = |series: &Series| Ok(read(series)?.map(Sum::from));
    let add = |sum: &mut Sum, term: Sum| sum.add(term.value());
    joined(members, read, add).map_err(|wrong| unreadable(view, &wrong))
}

/// The joined values of a group.
#[inline]
fn joined<'a, T>(
    members: Members<'a>,
    read: impl Fn(&'a Series) -> Read<T>,
    join: impl Fn(&mut T, T),
) -> Read<T> {
    let mut total = None;
    for series in members.series() {
        let Some(value) = read(series)? else {
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
