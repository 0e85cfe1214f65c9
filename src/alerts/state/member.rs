//! `Member`: one member of a rule, and its state machine.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::alert::Alert;
use super::alert_id::AlertId;
use super::alert_state::AlertState;
use super::moment::Moment;
use super::personal_act::PersonalAct;
use super::reason::Reason;
use super::room::Room;
use super::timing::Timing;
use super::transition::Transition;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::redacted;

/// One member of a rule: its alert, and the times that decide its state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) alert: Alert,
    /// The number of evaluations in a row that lacked the series.
    pub(super) missed: u8,
    /// Made for an evaluation without data.
    pub(super) is_of_no_data: bool,
    /// Whether its labels hold secrets, which are not saved.
    #[serde(skip)]
    has_secrets: bool,
    /// Times of the rule's clock.
    active_since: Duration,
    keep_firing_since: Option<Duration>,
    seen: Duration,
}

impl Member {
    pub(super) fn new(name: &str, labels: Labels, level: Level, at: Moment) -> Self {
        let has_secrets = redacted::sealed_labels(&labels).is_some();
        let alert = Alert {
            id: AlertId::of(name, &labels),
            name: name.into(),
            labels,
            level,
            text: None,
            state: AlertState::Inactive,
            since: at.now,
            active_at: None,
            fired_at: None,
            value: None,
            true_value: None,
            holds: false,
            acknowledged: None,
            resolved_by_hand: None,
        };
        Self {
            alert,
            missed: 0,
            is_of_no_data: false,
            has_secrets,
            active_since: at.clock,
            keep_firing_since: None,
            seen: at.clock,
        }
    }

    /// The identity stays.
    pub(super) fn set_labels(&mut self, labels: Labels) {
        self.has_secrets = redacted::sealed_labels(&labels).is_some();
        self.alert.labels = labels;
    }

    pub(super) fn is_sealed(&self) -> bool {
        let mut values = self.alert.labels.values();
        values.any(|value| redacted::is_sealed(value))
    }

    /// As it is saved.
    pub(super) fn sealed(&self) -> Cow<'_, Self> {
        if !self.has_secrets {
            return Cow::Borrowed(self);
        }
        let mut sealed = self.clone();
        if let Some(labels) = redacted::sealed_labels(&self.alert.labels) {
            sealed.alert.labels = labels;
        }
        Cow::Owned(sealed)
    }

    /// The alert must be remembered: it is active, or was resolved by hand while its condition was true.
    pub(super) fn is_held(&self) -> bool {
        self.alert.state.is_active() || self.alert.resolved_by_hand.is_some()
    }

    /// A number that changes when anything changes that a restart must know, besides the times of the last evaluation.
    pub(super) fn print(&self) -> u64 {
        let alert = &self.alert;
        let flags = [
            alert.holds,
            alert.acknowledged.is_some(),
            alert.resolved_by_hand.is_some(),
            self.keep_firing_since.is_some(),
            self.is_of_no_data,
        ];
        let flags = flags
            .iter()
            .fold(0, |bits: u64, flag| bits << 1 | u64::from(*flag));
        flags << 16 | (alert.state as u64) << 8 | u64::from(self.missed)
    }

    /// Whether a result leaves all as it is but the value.
    pub(super) fn stays(&self, holds: bool, is_unsure: bool) -> bool {
        let alert = &self.alert;
        let stays = if holds {
            alert.state == AlertState::Firing
        } else {
            !alert.state.is_active() && !is_unsure
        };
        stays
            && alert.holds == holds
            && alert.text.is_none()
            && alert.resolved_by_hand.is_none()
            && self.keep_firing_since.is_none()
            && self.missed == 0
            && !self.is_of_no_data
    }

    /// Notes that an evaluation with data confirmed the alert.
    pub(super) fn see(&mut self, at: Moment) {
        self.missed = 0;
        self.seen = at.clock;
    }

    pub(super) fn confirm(&mut self, clock: Duration) {
        self.seen = self.seen.max(clock);
    }

    /// Like [`step`](Self::step), but without room the alert does not become active.
    pub(super) fn step_in(
        &mut self,
        room: &mut Room,
        holds: bool,
        timing: &Timing,
        at: Moment,
        reason: Reason,
    ) -> Option<Transition> {
        let was_held = self.is_held();
        if holds && !was_held && !room.admits() {
            self.alert.holds = true;
            return None;
        }
        let transition = self.step(holds, timing, at, reason);
        room.change(was_held, self.is_held());
        transition
    }

    /// The condition is true, but there was no room for another active alert.
    pub(super) fn lacks_room(&self) -> bool {
        self.alert.holds && !self.is_held()
    }

    /// Goes on by one evaluation, as Prometheus does.
    pub(super) fn step(
        &mut self,
        holds: bool,
        timing: &Timing,
        at: Moment,
        reason: Reason,
    ) -> Option<Transition> {
        self.alert.holds = holds;
        let to = if holds {
            self.step_true(timing, at)
        } else {
            self.step_false(timing, at)
        };
        to.map(|to| self.enter(to, reason, at.now))
    }

    fn step_true(&mut self, timing: &Timing, at: Moment) -> Option<AlertState> {
        self.keep_firing_since = None;
        if self.alert.resolved_by_hand.is_some() || self.alert.state == AlertState::Firing {
            return None;
        }
        let is_new = self.alert.state != AlertState::Pending;
        if is_new {
            self.alert.active_at = Some(at.now);
            self.active_since = at.clock;
        }
        let held = at.clock.saturating_sub(self.active_since);
        if held >= timing.for_duration {
            Some(AlertState::Firing)
        } else {
            is_new.then_some(AlertState::Pending)
        }
    }

    fn step_false(&mut self, timing: &Timing, at: Moment) -> Option<AlertState> {
        self.alert.resolved_by_hand = None;
        match self.alert.state {
            AlertState::Pending => Some(AlertState::Inactive),
            AlertState::Firing => {
                let since = *self.keep_firing_since.get_or_insert(at.clock);
                let is_over = at.clock.saturating_sub(since) >= timing.keep_firing_for;
                is_over.then_some(AlertState::Resolved)
            }
            AlertState::Inactive | AlertState::Resolved => None,
        }
    }

    /// Ends the activity whatever the durations say.
    pub(super) fn end(&mut self, reason: Reason, now: SystemTime) -> Option<Transition> {
        self.alert.holds = false;
        self.alert.resolved_by_hand = None;
        let to = match self.alert.state {
            AlertState::Pending => AlertState::Inactive,
            AlertState::Firing => AlertState::Resolved,
            AlertState::Inactive | AlertState::Resolved => return None,
        };
        Some(self.enter(to, reason, now))
    }

    pub(super) fn acknowledge(&mut self, act: PersonalAct) -> Transition {
        let transition = self.transition(self.alert.state, Reason::Acknowledged, act.at);
        self.alert.acknowledged = Some(Box::new(act.clone()));
        with_person(transition, act)
    }

    pub(super) fn resolve(&mut self, act: PersonalAct) -> Transition {
        let transition = self.enter(AlertState::Resolved, Reason::ResolvedByHand, act.at);
        // Where the condition is false already, `keep_firing_for` alone kept the alert firing.
        self.alert.resolved_by_hand = self.alert.holds.then(|| Box::new(act.clone()));
        with_person(transition, act)
    }

    /// No evaluation confirmed the alert for `auto_resolve`.
    pub(super) fn is_overdue(&self, timing: &Timing, clock: Duration) -> bool {
        let may_end =
            self.alert.state == AlertState::Firing || self.alert.resolved_by_hand.is_some();
        let unseen = clock.saturating_sub(self.seen);
        may_end && timing.auto_resolve.is_some_and(|after| unseen >= after)
    }

    /// The time of the rule's clock at which the state changes next, unless an evaluation changes it before.
    pub(super) fn deadline(&self, timing: &Timing) -> Option<Duration> {
        match self.alert.state {
            AlertState::Pending => self.active_since.checked_add(timing.for_duration),
            AlertState::Firing => {
                let kept = self.keep_firing_since;
                let ends = kept.and_then(|since| since.checked_add(timing.keep_firing_for));
                let after = timing.auto_resolve;
                let resolves = after.and_then(|after| self.seen.checked_add(after));
                ends.into_iter().chain(resolves).min()
            }
            AlertState::Inactive | AlertState::Resolved => None,
        }
    }

    fn enter(&mut self, to: AlertState, reason: Reason, now: SystemTime) -> Transition {
        let transition = self.transition(to, reason, now);
        self.alert.state = to;
        self.alert.since = now;
        self.keep_firing_since = None;
        if to == AlertState::Firing {
            self.alert.fired_at = Some(now);
        } else {
            self.alert.acknowledged = None;
        }
        transition
    }

    fn transition(&self, to: AlertState, reason: Reason, at: SystemTime) -> Transition {
        Transition {
            alert: self.alert.id,
            name: self.alert.name.clone(),
            labels: self.alert.labels.clone(),
            level: self.alert.level,
            text: self.alert.text.clone(),
            value: self.alert.value,
            from: self.alert.state,
            to,
            reason,
            at,
            by: None,
            note: None,
        }
    }
}

fn with_person(mut transition: Transition, act: PersonalAct) -> Transition {
    transition.by = Some(act.by);
    transition.note = act.note;
    transition
}
