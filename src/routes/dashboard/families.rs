//! `Families`: the table of metric families.

use std::collections::HashSet;

use super::family_row::FamilyRow;
use super::times::Times;
use crate::catalog::Kind;
use crate::exporter::{Labels, Seen};

/// The most families that a frame shows, the first ones by name.
const MAX_FAMILIES: usize = 500;

/// The metrics by family.
#[derive(Default)]
pub(super) struct Families {
    /// In the order of their names, which is that in which they are read.
    rows: Vec<FamilyRow>,
    /// The row of the family that is read, and that after it.
    current: Option<usize>,
    next: usize,
    /// The names of those that have dropped registrations because of their limit.
    at_limit: HashSet<String>,
    scratch: (Vec<f64>, String),
}

impl Families {
    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.next = 0;
        self.current = None;
        self.at_limit.clear();
        for row in &mut self.rows {
            row.is_seen = false;
        }
    }

    /// Goes to the row of a family, which may be new.
    pub(super) fn family(&mut self, name: &str, kind: Kind) {
        let rest = self.rows[self.next..].iter();
        self.next += rest.take_while(|row| *row.name < *name).count();
        let is_known = self.rows.get(self.next).is_some_and(|row| row.name == name);
        self.current = None;
        if !is_known {
            if self.rows.len() >= MAX_FAMILIES {
                return;
            }
            self.rows.insert(self.next, FamilyRow::new(name, kind));
        }
        self.current = Some(self.next);
        self.next += 1;
    }

    /// Counts one series of the family, at the latest of these times.
    pub(super) fn add(&mut self, value: Seen<'_>, times: &Times) {
        if let Some(row) = self.current.and_then(|row| self.rows.get_mut(row)) {
            row.add(value, times);
        }
    }

    /// Reads one series of the count of dropped registrations.
    pub(super) fn add_dropped(&mut self, labels: &Labels, value: Seen<'_>) {
        if value.count() > 0.0
            && let Some(name) = labels.get("metric")
        {
            self.at_limit.insert(name.to_owned());
        }
    }

    /// Ends a frame.
    pub(super) fn end(&mut self) {
        self.rows.retain(|row| row.is_seen);
        for row in &mut self.rows {
            let is_at_limit = self.at_limit.contains(&row.name);
            row.write(is_at_limit, &mut self.scratch);
        }
    }

    /// Writes the member `families` of a frame.
    pub(super) fn push(&self, text: &mut String, is_full: bool) {
        text.push_str("\"families\":[");
        let rows = self.rows.iter();
        let rows = rows.filter(|row| is_full || row.is_changed);
        for (place, row) in rows.enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(&row.text);
        }
        text.push(']');
    }
}
