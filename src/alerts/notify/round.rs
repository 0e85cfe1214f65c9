//! `Round`: one tick.

use std::cell::{OnceCell, RefCell};
use std::time::SystemTime;

use super::added_labels::AddedLabels;
use super::decisions::Decisions;
use super::description::Description;
use super::known::Known;
use crate::alerts::state::{Alert, AlertId, AlertState, State};

/// One tick: its time, its sources and its outcome.
pub(super) struct Round<'a> {
    pub(super) number: u64,
    pub(super) now: SystemTime,
    pub(super) state: &'a State,
    pub(super) describe: &'a dyn Fn(&Alert) -> Description,
    /// The firing alerts by id, once a notification needs them.
    firing: OnceCell<Vec<&'a Alert>>,
    pub(super) decisions: Decisions,
    /// Those of the last alert that was described.
    added: RefCell<Option<AddedLabels>>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        number: u64,
        now: SystemTime,
        state: &'a State,
        describe: &'a dyn Fn(&Alert) -> Description,
    ) -> Self {
        Self {
            number,
            now,
            state,
            describe,
            firing: OnceCell::new(),
            decisions: Decisions::default(),
            added: RefCell::default(),
        }
    }

    pub(super) fn note_change(&mut self) {
        self.decisions.is_changed = true;
    }

    /// Passes on the labels that an alert gets besides its own.
    pub(super) fn with_added<R>(
        &self,
        alert: &Alert,
        description: &Description,
        take: impl FnOnce(&AddedLabels) -> R,
    ) -> R {
        let last = self.added.take();
        let last = last.filter(|last| last.are_of(alert, description));
        let added = last.unwrap_or_else(|| AddedLabels::new(alert, description));
        let taken = take(&added);
        self.added.replace(Some(added));
        taken
    }

    /// Takes the texts of now, if the alert fires.
    pub(super) fn refresh(&self, id: AlertId, known: &mut Known) {
        if !known.is_firing || known.is_described_in(self.number) {
            return;
        }
        let firing = self.firing.get_or_init(|| {
            let alerts = self.state.alerts();
            let mut firing: Vec<_> = alerts
                .filter(|alert| alert.state == AlertState::Firing)
                .collect();
            firing.sort_unstable_by_key(|alert| alert.id);
            firing
        });
        if let Ok(index) = firing.binary_search_by_key(&id, |alert| alert.id) {
            let alert = firing[index];
            let description = (self.describe)(alert);
            self.with_added(alert, &description, |labels| {
                known.describe(alert, labels, &description, self.number);
            });
        }
    }
}
