//! `FamilyRows`: the selectors of each series of a family.

use std::collections::HashMap;

use super::matcher::Operator;
use super::selector::Selector;
use crate::exporter::{Labels, Series};

/// The series of a family in the order of the last snapshot, each with the selectors that select it. Matchers are read only for
/// new series.
#[derive(Debug)]
pub(super) struct FamilyRows {
    pub(super) metric: String,
    selectors: Selectors,
    rows: Vec<Row>,
    places: Vec<Place>,
}

/// The selectors of a metric, by their index.
#[derive(Debug, Default)]
struct Selectors {
    /// By a label and its value, which series must have.
    equal: HashMap<String, HashMap<String, Vec<(usize, Selector)>>>,
    others: Vec<(usize, Selector)>,
}

#[derive(Debug)]
struct Row {
    labels: Labels,
    /// The end of its places.
    end: usize,
}

/// The place of a series among those of a selector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) selected: usize,
    /// The index at the last snapshot.
    pub(super) index: usize,
}

impl FamilyRows {
    pub(super) fn new(metric: &str) -> Self {
        Self {
            metric: metric.to_owned(),
            selectors: Selectors::default(),
            rows: Vec::new(),
            places: Vec::new(),
        }
    }

    pub(super) fn select(&mut self, selected: usize, selector: &Selector) {
        self.selectors.add(selected, selector);
    }

    /// Takes the series of a snapshot. Usually they are those of the one before.
    pub(super) fn align(&mut self, series: &[Series]) {
        let mut pairs = self.rows.iter().zip(series);
        let same = pairs.position(|(row, series)| row.labels != series.labels);
        let same = same.unwrap_or(self.rows.len().min(series.len()));
        if same == self.rows.len() && same == series.len() {
            return;
        }
        let start = self.start_of(same);
        let mut known = HashMap::new();
        let mut from = start;
        for row in self.rows.drain(same..) {
            known.insert(row.labels, self.places[from..row.end].to_vec());
            from = row.end;
        }
        self.places.truncate(start);
        for Series { labels, .. } in &series[same..] {
            match known.remove(labels) {
                Some(places) => self.places.extend(places),
                None => self.selectors.extend(labels, &mut self.places),
            }
            self.rows.push(Row {
                labels: labels.clone(),
                end: self.places.len(),
            });
        }
    }

    fn start_of(&self, row: usize) -> usize {
        let before = row.checked_sub(1).and_then(|before| self.rows.get(before));
        before.map_or(0, |row| row.end)
    }

    /// The places of each series, after [`align`](Self::align).
    pub(super) fn places(&mut self) -> impl Iterator<Item = (&Labels, &mut [Place])> {
        let (mut rest, mut start) = (&mut *self.places, 0);
        self.rows.iter().map(move |row| {
            let (own, others) = std::mem::take(&mut rest).split_at_mut(row.end - start);
            (rest, start) = (others, row.end);
            (&row.labels, own)
        })
    }
}

impl Selectors {
    fn add(&mut self, index: usize, selector: &Selector) {
        let own = (index, selector.clone());
        let mut matchers = selector.matchers.iter();
        let equal = matchers.find(|it| it.operator == Operator::Eq && !it.value.is_empty());
        match equal {
            Some(matcher) => {
                let values = self.equal.entry(matcher.label.clone()).or_default();
                values.entry(matcher.value.clone()).or_default().push(own);
            }
            None => self.others.push(own),
        }
    }

    /// Adds a place for each selector of a series.
    fn extend(&self, labels: &Labels, places: &mut Vec<Place>) {
        let equal = self.equal.iter();
        let equal = equal.filter_map(|(label, values)| values.get(labels.get(label)?));
        let all = equal.flatten().chain(&self.others);
        let matching = all.filter(|(_, selector)| selector.matches(labels));
        places.extend(matching.map(|(selected, _)| Place {
            selected: *selected,
            index: usize::MAX,
        }));
    }
}
