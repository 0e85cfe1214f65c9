//! `Selected`: the series of one selector.

use std::collections::HashMap;
use std::time::Duration;

use super::evaluated;
use super::grouping::Grouping;
use super::matcher::Operator;
use super::points::Points;
use super::selector::Selector;
use super::series::Series;
use super::window::Window;
use crate::exporter::{Labels, Value};

/// The series of one selector.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) selector: Selector,
    pub(super) window: Duration,
    pub(super) series: Vec<Series>,
    by_labels: HashMap<Labels, usize>,
    pub(super) groupings: Vec<Grouping>,
    /// The labels of an alert that all series are absent.
    pub(super) absent: evaluated::Labels,
    /// The beginning of the window of the last snapshot, and the number of series that it had.
    start: i64,
    added: usize,
}

impl Selected {
    pub(super) fn new(selector: &Selector, window: Duration) -> Self {
        Self {
            selector: selector.clone(),
            window,
            series: Vec::new(),
            by_labels: HashMap::new(),
            groupings: Vec::new(),
            absent: absent(selector),
            start: i64::MIN,
            added: 0,
        }
    }

    /// Returns the index of the grouping by these labels, and makes it if there is none. `None` if all series are one group.
    pub(super) fn group_by(&mut self, by: &[String]) -> Option<usize> {
        if by.is_empty() {
            return None;
        }
        let known = self.groupings.iter().position(|it| it.by == by);
        Some(known.unwrap_or_else(|| {
            self.groupings.push(Grouping::new(by, &self.series));
            self.groupings.len() - 1
        }))
    }

    /// Begins with a snapshot at the time `now`.
    pub(super) fn begin(&mut self, now: i64, went_back: bool) {
        if went_back {
            for series in &mut self.series {
                series.points.drop_from(now);
            }
        }
        self.start = Window::before(now, self.window).start;
        self.added = 0;
    }

    /// The index of a series, which may be the one of the last snapshot.
    pub(super) fn find(&self, last: usize, labels: &Labels) -> Option<usize> {
        match self.series.get(last) {
            Some(series) if series.labels == *labels => Some(last),
            _ => self.by_labels.get(labels).copied(),
        }
    }

    pub(super) fn insert(&mut self, labels: &Labels, value: &Value) -> usize {
        let index = self.series.len();
        for grouping in &mut self.groupings {
            grouping.add(labels, index);
        }
        self.by_labels.insert(labels.clone(), index);
        self.series.push(Series {
            labels: labels.clone(),
            points: Points::of(value),
        });
        index
    }

    /// Adds a point, and removes those before the window. Returns the size before and after.
    pub(super) fn push(&mut self, index: usize, now: i64, value: &Value) -> (usize, usize) {
        let Some(Series { points, .. }) = self.series.get_mut(index) else {
            return (0, 0);
        };
        let before = points.size();
        if !points.fits(value) {
            *points = Points::of(value);
        }
        points.push(now, value);
        points.drop_until(self.start);
        self.added += 1;
        (before, points.size())
    }

    /// Removes the points before the window of series that the snapshot lacks. Returns whether there were any.
    pub(super) fn end(&mut self) -> bool {
        let are_missing = self.added != self.series.len();
        if are_missing {
            self.remove_until(self.start);
        }
        are_missing
    }

    /// Removes points, and series without any.
    pub(super) fn remove_until(&mut self, time: i64) {
        let before = self.series.len();
        self.series.retain_mut(|series| {
            series.points.drop_until(time);
            series.points.newest().is_some()
        });
        if self.series.len() < before {
            self.by_labels.clear();
            let series = self.series.iter().enumerate();
            self.by_labels
                .extend(series.map(|(index, series)| (series.labels.clone(), index)));
            for grouping in &mut self.groupings {
                grouping.fill(&self.series);
            }
        }
    }

    /// The number of points.
    pub(super) fn size(&self) -> usize {
        self.series.iter().map(|series| series.points.size()).sum()
    }
}

/// As in `PromQL`, the labels that the selector says to be equal to one value.
fn absent(selector: &Selector) -> evaluated::Labels {
    let equal = selector.matchers.iter();
    let equal = equal.filter(|matcher| {
        let mut all = selector.matchers.iter();
        matcher.operator == Operator::Eq
            && !all.any(|other| other.label == matcher.label && other != *matcher)
    });
    equal
        .map(|matcher| (matcher.label.clone(), matcher.value.clone()))
        .collect()
}
