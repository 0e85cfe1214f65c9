//! What the engine tells about its alerts, rules and channels.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::alerts::delivery::ChannelStatus;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::notify::Cause;
use crate::alerts::state::{
    AlertId, AlertState, HeldBack, PersonalAct, Recurrence, RuleData, Silence, SilenceTarget,
};
use crate::alerts::wire;

/// An alert with its texts, and with what holds its notifications back.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AlertView {
    /// The identity.
    pub id: AlertId,
    /// The name of the rule, or of the alert that code fired.
    pub name: String,
    /// The urgency.
    pub level: Level,
    /// The state.
    pub state: AlertState,
    /// All labels without the name.
    pub labels: Labels,
    /// `summary`, `description` and `runbook_url`, as far as there are any.
    pub annotations: BTreeMap<String, String>,
    /// The value at the last evaluation with data, as text because JSON has no NaN.
    #[serde(with = "wire::value")]
    pub value: Option<f64>,
    /// The begin of the state.
    #[serde(with = "wire::time")]
    pub since: SystemTime,
    /// The first true evaluation of the current or last activity.
    #[serde(with = "wire::optional_time")]
    pub active_at: Option<SystemTime>,
    /// The time at which a pending alert fires and a firing one resolves if the evaluations go on as they are.
    #[serde(with = "wire::optional_time")]
    pub deadline: Option<SystemTime>,
    /// The acknowledgement, while the alert fires.
    pub acknowledged: Option<PersonalAct>,
    /// The causes that hold back its notifications on all channels.
    pub held_back: Vec<HeldBack>,
}

impl AlertView {
    /// The key that a list of alerts is sorted by, as text: firing alerts first, the most urgent first, the latest first.
    #[must_use]
    pub fn cursor(&self) -> String {
        let state = match self.state {
            AlertState::Firing => 0,
            AlertState::Pending => 1,
            AlertState::Resolved => 2,
            AlertState::Inactive => 3,
        };
        let level = match self.level {
            Level::Critical => 0,
            Level::Error => 1,
            Level::Warning => 2,
            Level::Info => 3,
        };
        let since = self.since.duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = u64::MAX - u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        format!("{state}{level}-{age:016x}-{}", self.id)
    }

    /// Whether a text has the form of a [`cursor`](Self::cursor).
    #[cfg(feature = "axum")]
    pub(crate) fn is_cursor(text: &str) -> bool {
        let mut parts = text.split('-');
        let mut is_next = |length: usize, is_allowed: fn(&u8) -> bool| {
            let part = parts.next().unwrap_or_default();
            part.len() == length && part.as_bytes().iter().all(is_allowed)
        };
        is_next(2, |digit| (b'0'..=b'3').contains(digit))
            && is_next(16, u8::is_ascii_hexdigit)
            && is_next(16, u8::is_ascii_hexdigit)
            && parts.next().is_none()
    }
}

/// The alerts of a rule, and what holds back each notification.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RuleView {
    /// The rule's name.
    pub name: String,
    /// The urgency of its alerts.
    pub level: Level,
    /// The comparison, such as `>`.
    pub comparison: &'static str,
    /// The threshold.
    pub threshold: f64,
    /// The data of the last evaluation. A rule whose metrics were never recorded has none, which is no fault.
    pub data: RuleData,
    /// The reason why its alerts are as an earlier evaluation left them: the error of the last one, or `no data`.
    pub stale: Option<String>,
    /// Its alerts, in the order of their labels.
    pub alerts: Vec<RuleAlertView>,
}

/// The alerts of one name that code of the service raised, and what holds back each notification.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CodeView {
    /// The name of the alerts.
    pub name: String,
    /// The service whose code raised them, if it has a name.
    pub service: Option<String>,
    /// The instance whose code raised them.
    pub instance: String,
    /// The alerts, in the order of their labels. The label `component` names the part of the service.
    pub alerts: Vec<RuleAlertView>,
}

/// An alert, and what holds back its notifications on each channel.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RuleAlertView {
    /// The alert.
    #[serde(flatten)]
    pub alert: AlertView,
    /// What holds it back, by channel.
    pub channels: BTreeMap<String, Vec<Cause>>,
}

/// A silence.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SilenceView {
    /// The identity: the ledger, and the number there. In a store that instances share, a UUID.
    pub id: String,
    /// The alerts.
    pub target: SilenceTarget,
    /// The end, unless the silence recurs without one.
    #[serde(with = "wire::optional_time")]
    pub until: Option<SystemTime>,
    /// The person who made the silence.
    pub by: String,
    /// That person's note.
    pub note: Option<String>,
    /// The time at which it was made.
    #[serde(with = "wire::time")]
    pub created_at: SystemTime,
    /// The times at which it is active, unless that is all the time.
    pub recurrence: Option<Recurrence>,
    /// Whether it is active now.
    pub is_active: bool,
    /// The begin of the time in which it is active, or is active next.
    #[serde(with = "wire::optional_time")]
    pub begins_at: Option<SystemTime>,
    /// The end of that time.
    #[serde(with = "wire::optional_time")]
    pub ends_at: Option<SystemTime>,
}

impl SilenceView {
    pub(super) fn new(ledger: &str, silence: &Silence, now: SystemTime) -> Self {
        Self::named(format!("{ledger}-{}", silence.id), silence, now)
    }

    pub(super) fn named(id: String, silence: &Silence, now: SystemTime) -> Self {
        let occurrence = silence.occurrence(now);
        Self {
            id,
            target: silence.target.clone(),
            until: (!silence.is_endless()).then_some(silence.until),
            recurrence: silence.recurrence.clone(),
            is_active: silence.active(now).is_some(),
            begins_at: occurrence.map(|(begin, _)| begin),
            ends_at: occurrence.map(|(_, end)| end),
            by: silence.by.clone(),
            note: silence.note.clone(),
            created_at: silence.created_at,
        }
    }
}

/// Numbers of the engine.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AlertsStats {
    /// The number of alerts by state.
    pub alerts: BTreeMap<AlertState, usize>,
    /// The number of firing alerts by level.
    pub firing: BTreeMap<Level, usize>,
    /// The number of rules.
    pub rules: usize,
    /// The number of silences.
    pub silences: usize,
    /// The end of the last evaluation.
    #[serde(with = "wire::optional_time")]
    pub last_evaluation: Option<SystemTime>,
    /// The duration of the last evaluation, in seconds.
    pub last_evaluation_seconds: f64,
    /// The evaluations that were left out because the one before took too long.
    pub missed_ticks: u64,
    /// The results that could not become alerts, because there were too many.
    pub dropped: u64,
    /// The series that rules read and that found no room at the last evaluation, see
    /// [`AlertsBuilder::max_series`](super::AlertsBuilder::max_series).
    pub series_left_out: usize,
    /// The events that the history lost, because the store was away for too long.
    pub dropped_events: u64,
    /// The notifications that found no room in the outbox.
    pub dropped_notifications: u64,
    /// The failure of the store, while it lasts.
    pub store_error: Option<String>,
    /// The channels.
    pub channels: Vec<ChannelStatus>,
}
