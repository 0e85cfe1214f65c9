//! `Families`: the table of metric families.

use std::collections::{BTreeMap, HashSet};

use super::family_row::FamilyRow;
use super::times::Times;
use crate::catalog::MONITORING_SERIES_DROPPED;
use crate::exporter::{Reader, Snapshot};

/// The most families that a frame shows, the first ones by name.
const MAX_FAMILIES: usize = 500;

/// The metrics by family.
pub(super) struct Families {
    rows: BTreeMap<String, FamilyRow>,
    /// The metric that counts the registrations past the limit of others.
    dropped: String,
    scratch: (Vec<f64>, String),
}

impl Families {
    pub(super) fn new(reader: &Reader) -> Self {
        Self {
            rows: BTreeMap::new(),
            dropped: reader.prefixed(MONITORING_SERIES_DROPPED.name),
            scratch: (Vec::new(), String::new()),
        }
    }

    /// Counts the metrics of this moment, which `times` has already.
    pub(super) fn advance(&mut self, snapshot: &Snapshot, times: &Times) {
        let at_limit = self.at_limit(snapshot);
        for row in self.rows.values_mut() {
            row.is_seen = false;
        }
        for family in snapshot.families.iter().take(MAX_FAMILIES) {
            if !self.rows.contains_key(&family.name) {
                self.rows
                    .insert(family.name.clone(), FamilyRow::new(family));
            }
            if let Some(row) = self.rows.get_mut(&family.name) {
                row.is_seen = true;
                let is_at_limit = at_limit.contains(&*family.name);
                row.advance(family, times, is_at_limit, &mut self.scratch);
            }
        }
        self.rows.retain(|_, row| row.is_seen);
    }

    /// The families that have dropped registrations because of their limit.
    fn at_limit<'a>(&self, snapshot: &'a Snapshot) -> HashSet<&'a str> {
        let series = snapshot.family(&self.dropped);
        let series = series.map_or(&[][..], |family| &family.series);
        let dropping = series
            .iter()
            .filter(|one| one.value.as_f64().is_some_and(|count| count > 0.0));
        dropping
            .filter_map(|one| one.labels.get("metric"))
            .collect()
    }

    /// Writes the member `families` of a frame.
    pub(super) fn push(&self, text: &mut String, is_full: bool) {
        text.push_str("\"families\":[");
        let rows = self.rows.values();
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
