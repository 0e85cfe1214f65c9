//! The notifier takes note of the alerts that fire and of those that ended.

use std::collections::BTreeMap;

use super::added_labels::AddedLabels;
use super::description::Description;
use super::known::Known;
use super::notifier::Notifier;
use super::policy::Policy;
use super::round::Round;
use super::route::Route;
use crate::alerts::state::{Alert, AlertState, Transition};

impl Notifier {
    pub(super) fn observe(&mut self, round: &mut Round<'_>) {
        let state = round.state;
        self.waiting = 0;
        for (alert, is_muted) in state.firing(round.now) {
            self.take(alert, is_muted, round);
        }
        if self.waiting > 0 && !self.has_logged {
            self.has_logged = true;
            let limit = self.limit;
            tracing::warn!(
                limit,
                "too many alerts to remember: further ones are not announced"
            );
        }
        self.end_unseen(round);
    }

    fn take(&mut self, alert: &Alert, is_muted: bool, round: &mut Round<'_>) {
        let Some(known) = self.state.known.get_mut(&alert.id) else {
            if self.state.known.len() < self.limit {
                let description = (round.describe)(alert);
                let mut known = round.with_added(alert, &description, |labels| {
                    let mut known = Known::new(alert, labels, &description, round.number);
                    known.routes = routes(&self.policies, alert, labels, &description);
                    known
                });
                known.is_muted = is_muted;
                self.enroll(alert, &known, true, round);
                self.state.known.insert(alert.id, known);
            } else {
                self.waiting += 1;
            }
            return;
        };
        known.seen = round.number;
        known.is_muted = is_muted;
        if known.acknowledge(alert.acknowledged.as_deref()) {
            round.note_change();
        }
        let is_new = !known.is_firing || known.fired_at != alert.since;
        let has_changed = is_new || known.level != alert.level;
        if !has_changed && known.routes.len() == self.policies.len() {
            return;
        }
        let description = (round.describe)(alert);
        if is_new {
            known.begin(alert);
        }
        round.with_added(alert, &description, |labels| {
            if has_changed {
                known.describe(alert, labels, &description, round.number);
            }
            known.routes = routes(&self.policies, alert, labels, &description);
        });
        let known = known.clone();
        self.enroll(alert, &known, has_changed, round);
    }

    /// Takes an alert into its group on each channel that takes it and has it not yet, or on all of them.
    fn enroll(&mut self, alert: &Alert, known: &Known, on_all: bool, round: &mut Round<'_>) {
        for (index, policy) in self.policies.iter().enumerate() {
            if let Some(receiver) = self.state.receivers.get_mut(&policy.name)
                && known.is_taken_by(index)
                && (on_all || !receiver.members.contains_key(&alert.id))
            {
                receiver.enroll(alert.id, known, policy, round.now);
                round.note_change();
            }
        }
        if on_all {
            round.note_change();
        }
    }

    /// Alerts that do not fire any more have ended, also those that the state has forgotten.
    fn end_unseen(&mut self, round: &mut Round<'_>) {
        let number = round.number;
        let known = self.state.known.iter_mut();
        let mut ended: BTreeMap<_, _> = known
            .filter(|(_, known)| known.is_firing && known.seen != number)
            .map(|(id, known)| (*id, known))
            .collect();
        if ended.is_empty() {
            return;
        }
        round.note_change();
        for known in ended.values_mut() {
            known.is_firing = false;
            known.ends_at = Some(round.now);
        }
        // The time of the evaluation, which is a bit earlier than now.
        let alerts = round
            .state
            .alerts()
            .filter(|it| it.state == AlertState::Resolved);
        for alert in alerts {
            if let Some(known) = ended.get_mut(&alert.id)
                && alert.since >= known.fired_at
            {
                known.ends_at = Some(alert.since);
            }
        }
        let resolves = |transition: &&Transition| transition.to == AlertState::Resolved;
        for transition in round.state.history().rev().filter(resolves) {
            // The last one of each alert counts.
            if let Some(known) = ended.remove(&transition.alert)
                && transition.at >= known.fired_at
            {
                known.ends_at = Some(transition.at);
                known.value = transition.value;
            }
            if ended.is_empty() {
                break;
            }
        }
    }
}

/// The answers of the policies to an alert.
fn routes(
    policies: &[Policy],
    alert: &Alert,
    labels: &AddedLabels,
    description: &Description,
) -> Box<[Route]> {
    let labels = labels.with_own(alert);
    let route = |policy| Route::of(policy, alert.level, &labels, description);
    policies.iter().map(route).collect()
}
