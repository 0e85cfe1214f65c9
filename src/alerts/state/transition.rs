//! `Transition`: one change of an alert.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::alert_id::AlertId;
use super::alert_state::AlertState;
use super::reason::Reason;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::redacted;
use crate::alerts::wire;

/// One change of an alert.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Transition {
    /// The alert.
    pub alert: AlertId,
    /// The name of the rule, or of the alert that code fired.
    pub name: String,
    /// The labels without the name.
    pub labels: Labels,
    /// The urgency.
    pub level: Level,
    /// The text of an alert that code fired.
    pub text: Option<String>,
    /// The value at the last evaluation with data.
    #[serde(with = "wire::value")]
    pub value: Option<f64>,
    /// The state before.
    pub from: AlertState,
    /// The state after, which is the state before if a person acknowledged the alert.
    pub to: AlertState,
    /// The cause.
    pub reason: Reason,
    /// The time of the change, to the nanosecond.
    #[serde(with = "wire::time")]
    pub at: SystemTime,
    /// The person who made the change.
    pub by: Option<String>,
    /// That person's note.
    pub note: Option<String>,
}

debug_redacted!(Transition {
    alert,
    name,
    labels,
    level,
    text,
    value,
    from,
    to,
    reason,
    at,
    by,
    note
});

impl Transition {
    /// Without secrets, for the history.
    pub(in crate::alerts) fn redacted(mut self) -> Self {
        redacted::mask(&mut self.name);
        self.labels = redacted::labels(&self.labels);
        let texts = [&mut self.text, &mut self.by, &mut self.note];
        texts.into_iter().flatten().for_each(redacted::mask);
        self
    }
}
