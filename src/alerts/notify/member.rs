//! `Member`: the knowledge that a channel has of an alert.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::group_name::GroupName;
use super::hold::Hold;
use super::known::Known;
use super::policy::Policy;
use crate::alerts::level::Level;
use crate::alerts::wire;
use crate::time::later;

/// The knowledge that a channel has of an alert.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Member {
    /// The key of its group.
    pub(super) group: GroupName,
    /// The time since which its group counts it as told, also if the notification was held back. `None` once the group counts it
    /// as resolved.
    #[serde(with = "wire::optional_time")]
    pub(super) told_at: Option<SystemTime>,
    /// The level that was told. A higher one is news.
    pub(super) told_level: Level,
    /// The last announcement that it fires, which begins the cooldown.
    #[serde(with = "wire::optional_time")]
    pub(super) announced_at: Option<SystemTime>,
    /// The receiver believes that it fires.
    pub(super) is_shown: bool,
    /// The next summary will list it.
    pub(super) held: Option<Hold>,
    /// It came by an escalation, so the policy's levels and matchers do not matter.
    pub(super) is_guest: bool,
    pub(super) has_escalated: bool,
    /// The time of the acknowledgement that the receiver knows.
    #[serde(with = "wire::optional_time")]
    pub(super) acknowledged_at: Option<SystemTime>,
}

impl Member {
    /// The end of the cooldown, if it is not over.
    pub(super) fn cooldown_until(&self, cooldown: Duration, now: SystemTime) -> Option<SystemTime> {
        let until = later(self.announced_at?, cooldown);
        (until > now).then_some(until)
    }

    /// The time at which a summary may list it. `None` if it is not held back, or muted now.
    pub(super) fn ready_at(
        &self,
        known: &Known,
        cooldown: Duration,
        now: SystemTime,
    ) -> Option<SystemTime> {
        self.held?;
        if known.is_firing && known.is_muted {
            return None;
        }
        let must_tell_end = !known.is_firing && self.is_shown;
        let until = self.cooldown_until(cooldown, now);
        Some(until.filter(|_| !must_tell_end).unwrap_or(now))
    }

    /// Whether the channel is still responsible for the firing alert.
    pub(super) fn is_active(&self, known: &Known, policy: usize) -> bool {
        known.is_firing && (self.is_guest || known.is_taken_by(policy))
    }

    /// The time of its escalation, unless a person acknowledges it before.
    pub(super) fn escalates_at(
        &self,
        known: &Known,
        policy: &Policy,
        index: usize,
    ) -> Option<SystemTime> {
        let is_open = self.is_active(known, index) && known.acknowledged.is_none();
        let escalation = policy.escalation.as_ref()?;
        let at = later(self.told_at?, escalation.after);
        (is_open && !self.has_escalated).then_some(at)
    }

    /// Whether the group has told it at this level.
    pub(super) fn is_told(&self, known: &Known) -> bool {
        self.told_at.is_some() && known.level <= self.told_level
    }

    /// The group counts the alert as told.
    pub(super) fn note_told(&mut self, known: &Known, now: SystemTime) {
        self.told_at.get_or_insert(now);
        self.told_level = known.level;
    }

    pub(super) fn note_announced(&mut self, known: &Known, now: SystemTime) {
        self.note_told(known, now);
        self.announced_at = Some(now);
        self.held = None;
        self.note_shown(known);
    }

    pub(super) fn note_shown(&mut self, known: &Known) {
        self.is_shown = true;
        self.acknowledged_at = known.acknowledged.as_ref().map(|act| act.at);
    }

    /// The group counts the alert as resolved.
    pub(super) fn note_over(&mut self) {
        self.told_at = None;
        self.has_escalated = false;
        self.is_guest = false;
    }

    pub(super) fn note_resolved(&mut self) {
        self.note_over();
        self.is_shown = false;
        self.held = None;
    }
}
