//! `Known`: an alert as the notifier remembers it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::added_labels::AddedLabels;
use super::all_labels::AllLabels;
use super::description::Description;
use super::pairs::Pairs;
use super::route::Route;
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::level::Level;
use crate::alerts::state::{Alert, AlertId, AlertState, PersonalAct};
use crate::alerts::wire;
use crate::redact::redact;

/// An alert as the notifier remembers it, because the state may forget it before its end was told. All texts are redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) name: Box<str>,
    pub(super) level: Level,
    pub(super) labels: AllLabels,
    /// As it was announced last.
    annotations: Pairs,
    #[serde(with = "wire::value")]
    pub(super) value: Option<f64>,
    #[serde(with = "wire::time")]
    pub(super) starts_at: SystemTime,
    #[serde(with = "wire::optional_time")]
    pub(super) ends_at: Option<SystemTime>,
    /// The begin of its firing.
    #[serde(with = "wire::time")]
    pub(super) fired_at: SystemTime,
    pub(super) is_firing: bool,
    pub(super) acknowledged: Option<Box<PersonalAct>>,
    /// A silence or an inhibition holds it back.
    #[serde(skip)]
    pub(super) is_muted: bool,
    /// The last round in which it fired, and the last in which it was described.
    #[serde(skip)]
    pub(super) seen: u64,
    #[serde(skip)]
    described: u64,
    /// The answers of the policies, in their order. Empty after a restart, because policies can change.
    #[serde(skip)]
    pub(super) routes: Box<[Route]>,
}

impl Known {
    /// An alert that begins to fire.
    pub(super) fn new(
        alert: &Alert,
        labels: &AddedLabels,
        description: &Description,
        round: u64,
    ) -> Self {
        let mut known = Self {
            name: redact(&alert.name).into_owned().into(),
            level: alert.level,
            labels: AllLabels::default(),
            annotations: Pairs::default(),
            value: None,
            starts_at: alert.fired_at.unwrap_or(alert.since),
            ends_at: None,
            fired_at: alert.since,
            is_firing: true,
            acknowledged: alert.acknowledged.as_deref().map(redacted).map(Box::new),
            is_muted: false,
            seen: round,
            described: 0,
            routes: Box::default(),
        };
        known.describe(alert, labels, description, round);
        known
    }

    /// The alert fires again.
    pub(super) fn begin(&mut self, alert: &Alert) {
        self.is_firing = true;
        self.fired_at = alert.since;
        self.starts_at = alert.fired_at.unwrap_or(alert.since);
        self.ends_at = None;
    }

    /// Takes the texts of now. They stay when the alert resolves, as in Prometheus.
    pub(super) fn describe(
        &mut self,
        alert: &Alert,
        labels: &AddedLabels,
        description: &Description,
        round: u64,
    ) {
        self.described = round;
        self.level = alert.level;
        self.value = alert.value;
        self.labels = labels.with_own_redacted(alert);
        self.annotations = Pairs::redacted(&description.annotations);
    }

    pub(super) fn is_described_in(&self, round: u64) -> bool {
        self.described == round
    }

    /// Takes the acknowledgement, and returns whether it changed.
    pub(super) fn acknowledge(&mut self, act: Option<&PersonalAct>) -> bool {
        let is_same = self.acknowledged.as_ref().map(|act| act.at) == act.map(|act| act.at);
        if !is_same {
            self.acknowledged = act.map(redacted).map(Box::new);
        }
        !is_same
    }

    pub(super) fn is_taken_by(&self, policy: usize) -> bool {
        self.routes.get(policy) == Some(&Route::Taken)
    }

    pub(super) fn to_notified(&self, id: AlertId) -> NotifiedAlert {
        NotifiedAlert {
            id,
            name: self.name.as_ref().to_owned(),
            level: self.level,
            is_firing: self.is_firing,
            labels: self.labels.to_labels(),
            annotations: self.annotations.to_map(),
            value: self.value,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            acknowledged: self.acknowledged.as_deref().cloned(),
        }
    }
}

fn redacted(act: &PersonalAct) -> PersonalAct {
    let mut act = act.clone();
    act.by = redact(&act.by).into();
    act.note = act.note.map(|note| redact(&note).into());
    act
}

impl NotifiedAlert {
    /// An alert with what its rule adds, redacted.
    pub(in crate::alerts) fn of(alert: &Alert, description: &Description) -> Self {
        let labels = AddedLabels::new(alert, description);
        let known = Known::new(alert, &labels, description, 0);
        let mut notified = known.to_notified(alert.id);
        notified.is_firing = alert.state == AlertState::Firing;
        notified.ends_at = (!notified.is_firing).then_some(alert.since);
        notified
    }
}
