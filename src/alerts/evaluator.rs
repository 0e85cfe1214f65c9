//! `Evaluator`: computes a signal.

use std::borrow::Cow;
use std::time::Duration;

use super::found::Found;
use super::frame::Frame;
use super::labels::Labels;
use super::measure::Measure;
use super::rule::Rule;
use super::samples::{LOOKBACK, Samples};
use super::scratch::Scratch;
use super::sum::Sum;
use super::view::View;
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
                let current = self.current(0)?;
                self.sums(current)
            }
            Measure::Rate { window, .. } => {
                let frame = self.numbers(0, *window)?;
                self.sums(|series| Some(frame.rise(series)?.rate(frame.seconds)))
            }
            Measure::Increase { window, .. } => {
                let frame = self.numbers(0, *window)?;
                self.sums(|series| Some(frame.rise(series)?.increase()))
            }
            Measure::Ratio { window, .. } => {
                let [part, whole] = [self.numbers(0, *window)?, self.numbers(1, *window)?];
                self.ratio(
                    |series| Some(part.rise(series)?.increase()),
                    |series| Some(whole.rise(series)?.increase()),
                    |part, whole| {
                        let part = part.map_or(0.0, Sum::value);
                        Some((part / whole.value(), Some(whole.value())))
                    },
                )
            }
            Measure::Average { window, .. } => self.average(*window),
            Measure::Quantile {
                quantile, window, ..
            } => self.quantile(*quantile, *window),
            Measure::Age { .. } => {
                let oldest = |oldest: &mut f64, time| *oldest = oldest.min(time);
                let now = self.now as f64 / 1000.0;
                self.fold(self.current(0)?, oldest, |time| now - time)
            }
            Measure::Absent { .. } => self.absent(),
            Measure::Max { .. } => self.extreme(f64::max),
            Measure::Min { .. } => self.extreme(f64::min),
            Measure::Avg { .. } => self.avg(),
            Measure::Quotient { .. } => {
                let [part, whole] = [self.current(0)?, self.current(1)?];
                self.ratio(part, whole, |part, whole| {
                    Some((part?.value() / whole.value(), None))
                })
            }
            Measure::Computed { name } => self.computed(name),
        }
    }

    fn average(&mut self, window: Duration) -> Result<(), Error> {
        let frame = self.histograms(window)?;
        let read = |series: usize| {
            let points = frame.histogram(series)?;
            if points.is_idle {
                return Some((0.0, 0.0));
            }
            let (sum, count) = points.sum().zip(points.count())?;
            Some((sum.rate(frame.seconds), count.rate(frame.seconds)))
        };
        let view = self.view(0)?;
        for (labels, members) in view.groups() {
            let mut total = None;
            for rates in members.iter().copied().filter_map(read) {
                let (sum, count): &mut (Sum, Sum) = total.get_or_insert_default();
                sum.add(rates.0);
                count.add(rates.1);
            }
            if let Some((sum, count)) = total {
                let (sum, count) = (sum.value(), count.value());
                let events = count * frame.seconds;
                self.add(Cow::Borrowed(labels), sum / count, Some(events));
            }
        }
        Ok(())
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
        let is_current = |series: usize| {
            let newest = frame.newest(series);
            newest.is_some_and(|newest| self.is_current(newest))
        };
        let is_absent = !view.indexes().any(is_current);
        let value = f64::from(u8::from(is_absent));
        self.add(Cow::Borrowed(&view.selected.absent), value, None);
        Ok(())
    }

    /// Computes the groups of the whole by their parts and themselves. A part without a whole has no value.
    fn ratio(
        &mut self,
        read_part: impl Fn(usize) -> Option<f64>,
        read_whole: impl Fn(usize) -> Option<f64>,
        value: impl Fn(Option<Sum>, Sum) -> Option<(f64, Option<f64>)>,
    ) -> Result<(), Error> {
        let [parts, wholes] = [self.view(0)?, self.view(1)?];
        let mut rest = parts.groups().peekable();
        for (labels, members) in wholes.groups() {
            let Some(whole) = sum(members, &read_whole) else {
                continue;
            };
            let mut part = None;
            while let Some((other, members)) = rest.peek() {
                let order = (*other).cmp(labels);
                if order.is_eq() {
                    part = sum(members, &read_part);
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

    fn sums(&mut self, read: impl Fn(usize) -> Option<f64>) -> Result<(), Error> {
        for (labels, members) in self.view(0)?.groups() {
            if let Some(sum) = sum(members, &read) {
                self.add(Cow::Borrowed(labels), sum.value(), None);
            }
        }
        Ok(())
    }

    /// Reads the current value of a counter or gauge.
    pub(super) fn current(
        &self,
        selector: usize,
    ) -> Result<impl Fn(usize) -> Option<f64> + use<'a>, Error> {
        let frame = self.numbers(selector, LOOKBACK)?;
        let newest = self.samples.newest().filter(|newest| *newest <= self.now);
        Ok(move |series: usize| {
            let (time, value) = frame.last(series)?;
            is_current(time, frame.window, newest).then_some(value)
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
        read: impl Fn(usize) -> Option<T>,
        join: impl Fn(&mut T, T),
        value: impl Fn(T) -> f64,
    ) -> Result<(), Error> {
        for (labels, members) in self.view(0)?.groups() {
            let mut values = members.iter().copied().filter_map(&read);
            let Some(mut total) = values.next() else {
                continue;
            };
            values.for_each(|value| join(&mut total, value));
            self.add(Cow::Borrowed(labels), value(total), None);
        }
        Ok(())
    }

    /// Adds a member with the value of its group and the number of events behind it.
    pub(super) fn add(&mut self, labels: Cow<'a, Labels>, value: f64, events: Option<f64>) {
        let rule = self.rule;
        let is_enough = events.is_none_or(|events| events >= rule.min_events as f64);
        let holds = rule.comparison.holds(value, rule.threshold);
        let window = rule.signal.measure.window();
        self.scratch.found.push(Found {
            labels,
            value,
            holds: is_enough && holds,
            is_unsure: holds && !is_enough && window.is_some_and(|it| self.is_begun_within(it)),
        });
    }

    /// Whether the samples began within this time, so they may lack events that a window as long should have.
    fn is_begun_within(&self, window: Duration) -> bool {
        let start = Window::before(self.now, window).start;
        self.samples.begin().is_some_and(|begin| begin > start)
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
    fn frame(&self, view: View<'a>, length: Duration) -> Frame<'a> {
        Frame::new(view.table, self.window(length))
    }

    /// Fails if a series is a histogram.
    fn numbers(&self, selector: usize, window: Duration) -> Result<Frame<'a>, Error> {
        let view = self.view(selector)?;
        view.check(false)?;
        Ok(self.frame(view, window))
    }

    /// Fails if a series is no histogram.
    pub(super) fn histograms(&self, window: Duration) -> Result<Frame<'a>, Error> {
        let view = self.view(0)?;
        view.check(true)?;
        Ok(self.frame(view, window))
    }
}

#[inline]
fn is_current(time: i64, window: Window, newest: Option<i64>) -> bool {
    window.contains(time) && newest.is_none_or(|newest| newest == time)
}

/// The sum of a group. `None` if there is none.
#[inline]
fn sum(members: &[usize], read: impl Fn(usize) -> Option<f64>) -> Option<Sum> {
    let mut sum = None;
    for value in members.iter().copied().filter_map(read) {
        sum.get_or_insert_with(Sum::default).add(value);
    }
    sum
}
