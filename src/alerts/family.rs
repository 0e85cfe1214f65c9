//! `Family`: the series of a metric that rules read.

use std::collections::HashMap;
use std::time::Duration;

use super::family_part::FamilyPart;
use super::matcher::Operator;
use super::selected::Selected;
use super::selector::Selector;
use super::table::Table;
use crate::exporter::{self, Labels};

/// The series of a metric that rules read. The rows are those of the last snapshot, each with the selectors that select it, so
/// matchers are read only for new series.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) metric: String,
    /// A table for each window.
    pub(super) tables: Vec<Table>,
    selectors: Selectors,
    rows: Vec<Row>,
    /// The selectors of all rows, by their indexes.
    places: Vec<usize>,
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

impl Family {
    pub(super) fn new(metric: &str) -> Self {
        Self {
            metric: metric.to_owned(),
            tables: Vec::new(),
            selectors: Selectors::default(),
            rows: Vec::new(),
            places: Vec::new(),
        }
    }

    pub(super) fn select(&mut self, selected: usize, selector: &Selector) {
        self.selectors.add(selected, selector);
    }

    /// The index of the table of this window, which is made if there is none.
    pub(super) fn table(&mut self, window: Duration) -> usize {
        let known = self.tables.iter().position(|table| table.window == window);
        known.unwrap_or_else(|| {
            self.tables.push(Table::new(window));
            self.tables.len() - 1
        })
    }

    /// Adds the points of a snapshot. Up to `room` new series are stored.
    pub(super) fn add(
        &mut self,
        time: i64,
        part: Option<&FamilyPart<'_>>,
        selected: &mut [Selected],
        room: &mut usize,
    ) {
        let rows = part.map_or(&[][..], |part| &*part.family.series);
        let mut from = self.align(rows);
        let is_short = self.tables.iter().any(|table| table.refused > 0);
        if is_short && (*room > 0 || from.is_some()) {
            // Rows before the change found no room.
            from = Some(0);
        }
        let Some(part) = part else {
            self.tables.iter_mut().for_each(|table| table.unbind(0));
            return self.tables.iter_mut().for_each(Table::settle);
        };
        if let Some(from) = from {
            self.bind(from, part, selected, room);
        }
        for table in 0..self.tables.len() {
            let others = self.tables[table].push(time, part, rows);
            if !others.is_empty() {
                // They begin anew.
                self.tables[table].drop_from(time);
                self.remove(table, selected, |_, index| others.contains(&index));
                *room += others.len();
                self.bind(0, part, selected, room);
                self.tables[table].push(time, part, rows);
            }
        }
    }

    /// Takes the rows of a snapshot. Usually they are those of the one before. Returns the first that is not.
    fn align(&mut self, series: &[exporter::Series]) -> Option<usize> {
        let mut pairs = self.rows.iter().zip(series);
        let same = pairs.position(|(row, series)| row.labels != series.labels);
        let same = same.unwrap_or(self.rows.len().min(series.len()));
        if same == self.rows.len() && same == series.len() {
            return None;
        }
        let start = self.start_of(same);
        let mut known = HashMap::new();
        let mut from = start;
        for row in self.rows.drain(same..) {
            known.insert(row.labels, self.places[from..row.end].to_vec());
            from = row.end;
        }
        self.places.truncate(start);
        for exporter::Series { labels, .. } in &series[same..] {
            match known.remove(labels) {
                Some(places) => self.places.extend(places),
                None => self.selectors.extend(labels, &mut self.places),
            }
            self.rows.push(Row {
                labels: labels.clone(),
                end: self.places.len(),
            });
        }
        Some(same)
    }

    /// Gives the rows from this one on to the tables.
    fn bind(
        &mut self,
        from: usize,
        part: &FamilyPart<'_>,
        selected: &mut [Selected],
        room: &mut usize,
    ) {
        self.tables.iter_mut().for_each(|table| table.unbind(from));
        let mut start = self.start_of(from);
        for (index, row) in self.rows.iter().enumerate().skip(from) {
            let places = &self.places[start..row.end];
            start = row.end;
            for (at, table) in self.tables.iter_mut().enumerate() {
                let is_selected = places.iter().any(|place| selected[*place].table == at);
                if !is_selected || table.bind(&row.labels, index) {
                    continue;
                }
                let Some(value) = part.value(&part.family.series[index].value) else {
                    continue;
                };
                if *room == 0 {
                    table.refused += 1;
                    continue;
                }
                *room -= 1;
                let series = table.insert(&row.labels, &value, index);
                for place in places {
                    let selected = &mut selected[*place];
                    if selected.table == at {
                        selected.insert(series, &table.series[series]);
                    }
                }
            }
        }
        self.tables.iter_mut().for_each(Table::settle);
    }

    /// Removes series of a table.
    fn remove(
        &mut self,
        table: usize,
        selected: &mut [Selected],
        is_gone: impl Fn(&Table, usize) -> bool,
    ) {
        let own = &mut self.tables[table];
        let gone = (0..own.series.len()).map(|index| is_gone(own, index));
        let gone: Vec<_> = gone.collect();
        let moved = own.remove(&gone);
        for place in self.selectors.all() {
            if selected[place].table == table {
                selected[place].renumber(&moved, &own.series);
            }
        }
    }

    /// Removes series without points.
    pub(super) fn remove_empty(&mut self, selected: &mut [Selected]) {
        for table in 0..self.tables.len() {
            if self.tables[table].has_empty() {
                self.remove(table, selected, |table, index| !table.has_points(index));
            }
        }
    }

    fn start_of(&self, row: usize) -> usize {
        let before = row.checked_sub(1).and_then(|before| self.rows.get(before));
        before.map_or(0, |row| row.end)
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

    /// Adds the selectors of a series.
    fn extend(&self, labels: &Labels, places: &mut Vec<usize>) {
        let equal = self.equal.iter();
        let equal = equal.filter_map(|(label, values)| values.get(labels.get(label)?));
        let all = equal.flatten().chain(&self.others);
        let matching = all.filter(|(_, selector)| selector.matches(labels));
        places.extend(matching.map(|(selected, _)| *selected));
    }

    /// The indexes of all selectors.
    fn all(&self) -> impl Iterator<Item = usize> {
        let equal = self.equal.values().flat_map(HashMap::values).flatten();
        equal.chain(&self.others).map(|(selected, _)| *selected)
    }
}
