//! `Selected`: the series of one selector.

use super::grouping::Grouping;
use super::labels;
use super::matcher::Operator;
use super::selector::Selector;
use super::series::Series;

/// The series of one selector.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) selector: Selector,
    /// The family with its table, by their indexes.
    pub(super) family: usize,
    pub(super) table: usize,
    /// The series by their indexes in the table, ascending.
    pub(super) series: Vec<usize>,
    pub(super) groupings: Vec<Grouping>,
    /// The labels of an alert that all series are absent.
    pub(super) absent: labels::Labels,
}

impl Selected {
    pub(super) fn new(selector: &Selector, family: usize) -> Self {
        Self {
            selector: selector.clone(),
            family,
            table: 0,
            series: Vec::new(),
            groupings: Vec::new(),
            absent: absent(selector),
        }
    }

    /// Returns the index of the grouping by these labels, and makes it if there is none. `None` if all series are one group.
    pub(super) fn group_by(&mut self, by: &[String]) -> Option<usize> {
        if by.is_empty() {
            return None;
        }
        let known = self.groupings.iter().position(|it| it.by == by);
        Some(known.unwrap_or_else(|| {
            self.groupings.push(Grouping::new(by));
            self.groupings.len() - 1
        }))
    }

    pub(super) fn insert(&mut self, index: usize, series: &Series) {
        self.series.push(index);
        for grouping in &mut self.groupings {
            grouping.add(&series.labels, index);
        }
    }

    /// Takes the new indexes of the table's series. `all` are those that stay.
    pub(super) fn renumber(&mut self, moved: &[Option<usize>], all: &[Series]) {
        let series = std::mem::take(&mut self.series).into_iter();
        let series = series.filter_map(|index| moved.get(index).copied().flatten());
        self.series = series.collect();
        for grouping in &mut self.groupings {
            grouping.fill(&self.series, all);
        }
    }
}

/// As in `PromQL`, the labels that the selector says to be equal to one value.
fn absent(selector: &Selector) -> labels::Labels {
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
