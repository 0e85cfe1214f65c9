//! `Alert`: one alert as others see it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::alert_id::AlertId;
use super::alert_state::AlertState;
use super::code_alert::CodeAlert;
use super::personal_act::PersonalAct;
use super::transition::Transition;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::wire;

/// One alert, identified by its name and its labels.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Alert {
    /// The identity.
    pub id: AlertId,
    /// The name of the rule, or of the alert that code fired.
    pub name: String,
    /// The labels without the name.
    pub labels: Labels,
    /// The urgency.
    pub level: Level,
    /// The text of an alert that code fired.
    pub text: Option<String>,
    /// The state.
    pub state: AlertState,
    /// The begin of the state.
    #[serde(with = "wire::time")]
    pub since: SystemTime,
    /// The first true evaluation of the current or last activity.
    #[serde(with = "wire::optional_time")]
    pub active_at: Option<SystemTime>,
    /// The begin of the current or last firing.
    #[serde(with = "wire::optional_time", default)]
    pub fired_at: Option<SystemTime>,
    /// The value at the last evaluation with data.
    #[serde(with = "wire::value")]
    pub value: Option<f64>,
    /// The value at the last evaluation that found the condition true.
    #[serde(with = "wire::value", default)]
    pub true_value: Option<f64>,
    /// The condition was true at the last evaluation.
    pub holds: bool,
    /// The acknowledgement, while the alert fires.
    pub acknowledged: Option<Box<PersonalAct>>,
    /// The resolution by hand, until the condition is false.
    pub resolved_by_hand: Option<Box<PersonalAct>>,
}

debug_redacted!(Alert {
    id,
    name,
    labels,
    level,
    text,
    state,
    since,
    active_at,
    fired_at,
    value,
    true_value,
    holds,
    acknowledged,
    resolved_by_hand
});

impl Alert {
    /// An alert that was forgotten at its end.
    pub(in crate::alerts) fn ended(end: &Transition) -> Self {
        Self {
            id: end.alert,
            name: end.name.clone(),
            labels: end.labels.clone(),
            level: end.level,
            text: end.text.clone(),
            state: AlertState::Resolved,
            since: end.at,
            active_at: None,
            fired_at: None,
            value: end.value,
            true_value: None,
            holds: false,
            acknowledged: None,
            resolved_by_hand: None,
        }
    }
}

/// Alerts for code to fire.
///
/// ```
/// use tower_vitals::alerts::Alert;
///
/// let alert = Alert::critical("the queue is full").component("scheduler");
/// assert_eq!(alert.text(), "the queue is full");
/// ```
impl Alert {
    /// An alert for code to fire: somebody must act now.
    pub fn critical(text: impl Into<String>) -> CodeAlert {
        CodeAlert::of(&text.into(), Level::Critical)
    }

    /// An alert for code to fire: something fails for users.
    pub fn error(text: impl Into<String>) -> CodeAlert {
        CodeAlert::of(&text.into(), Level::Error)
    }

    /// An alert for code to fire: somebody should look at it during work hours.
    pub fn warning(text: impl Into<String>) -> CodeAlert {
        CodeAlert::of(&text.into(), Level::Warning)
    }

    /// An alert for code to fire: worth knowing.
    pub fn info(text: impl Into<String>) -> CodeAlert {
        CodeAlert::of(&text.into(), Level::Info)
    }
}
