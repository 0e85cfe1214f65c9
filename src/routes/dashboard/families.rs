//! `Families`: the table of metric families.

use std::collections::HashSet;

use super::family_row::FamilyRow;
use super::number::push_string;
use super::times::Times;
use crate::catalog::Kind;
use crate::exporter::{Labels, Seen};

/// The most families that a frame shows, the first ones by name.
const MAX_FAMILIES: usize = 500;

/// The most series of families that only this table needs and that one frame reads. Of more, each frame reads some families in
/// turn.
const SERIES_PER_FRAME: usize = 2_000;

/// The metrics by family.
#[derive(Default)]
pub(super) struct Families {
    /// In the order of their names, which is that in which they are read.
    rows: Vec<FamilyRow>,
    /// The row of the family that is read, and that after it.
    current: Option<usize>,
    next: usize,
    /// The first family that this frame reads, and the first one that it leaves to the next.
    turn: String,
    next_turn: Option<String>,
    /// The series that were read for this table alone.
    read: usize,
    is_shared: bool,
    /// The names of those that have dropped registrations because of their limit.
    at_limit: HashSet<String>,
    /// The names of the rows that left in this frame.
    gone: Vec<String>,
    scratch: (Vec<f64>, String),
}

impl Families {
    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.turn = self.next_turn.take().unwrap_or_default();
        self.read = 0;
        self.next = 0;
        self.current = None;
        self.at_limit.clear();
        self.gone.clear();
        for row in &mut self.rows {
            row.is_seen = false;
            row.is_left = false;
        }
    }

    /// Goes to the row of a family, which may be new. Returns whether this frame reads it. A family that is read anyway, because
    /// others need it, `is_shared`.
    pub(super) fn family(&mut self, name: &str, kind: Kind, is_shared: bool) -> bool {
        let rest = self.rows[self.next..].iter();
        self.next += rest.take_while(|row| *row.name < *name).count();
        self.current = None;
        self.is_shared = is_shared;
        let is_full = self.rows.len() >= MAX_FAMILIES;
        match self.rows.get_mut(self.next) {
            Some(row) if row.name == name => {
                let is_before = *name < *self.turn;
                let is_after = self.read >= SERIES_PER_FRAME || self.next_turn.is_some();
                if !is_shared && (is_before || is_after) {
                    if !is_before {
                        self.next_turn.get_or_insert_with(|| name.to_owned());
                    }
                    row.is_seen = true;
                    row.is_changed = false;
                    row.is_left = true;
                    self.next += 1;
                    return false;
                }
            }
            _ if is_full => return is_shared,
            _ => self.rows.insert(self.next, FamilyRow::new(name, kind)),
        }
        self.current = Some(self.next);
        self.next += 1;
        true
    }

    /// Counts one series of the family, at the latest of these times.
    pub(super) fn add(&mut self, value: Seen<'_>, is_idle: bool, times: &Times) {
        self.read += usize::from(!self.is_shared);
        if let Some(row) = self.current.and_then(|row| self.rows.get_mut(row)) {
            row.add(value, is_idle, times);
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
        for row in &mut self.rows {
            if row.is_shown() && !row.is_live() {
                self.gone.push(row.name.clone());
                row.text.clear();
            }
        }
        self.rows.retain(|row| row.is_seen);
        let read = self.rows.iter_mut();
        for row in read.filter(|row| row.is_live() && !row.is_left) {
            let is_at_limit = self.at_limit.contains(&row.name);
            row.write(is_at_limit, &mut self.scratch);
        }
    }

    /// Writes the members `families` and `gone_families` of a frame.
    pub(super) fn push(&self, text: &mut String, is_full: bool) {
        text.push_str("\"families\":[");
        let rows = self.rows.iter();
        let rows = rows.filter(|row| row.is_shown() && (is_full || row.is_changed));
        for (place, row) in rows.enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(&row.text);
        }
        text.push_str("],\"gone_families\":[");
        let gone = self.gone.iter().filter(|_| !is_full);
        for (place, name) in gone.enumerate() {
            if place > 0 {
                text.push(',');
            }
            push_string(text, name);
        }
        text.push(']');
    }
}
