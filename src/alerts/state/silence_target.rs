//! `SilenceTarget`: the alerts that a silence holds back.

use serde::{Deserialize, Serialize};

use super::alert::Alert;
use super::alert_id::AlertId;
use super::matcher::Matcher;
use crate::alerts::labels::Labels;

/// The alerts that a silence holds back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceTarget {
    /// This alert, also when it fires again later.
    Alert(AlertId),
    /// Alerts that match all of these. At least one must not match the empty text, or the silence would match almost everything.
    Labels(Vec<Matcher>),
}

impl SilenceTarget {
    /// As it is saved: secrets are sealed.
    pub(in crate::alerts) fn sealed(self) -> Self {
        match self {
            Self::Alert(id) => Self::Alert(id),
            Self::Labels(matchers) => Self::Labels(matchers.iter().map(Matcher::sealed).collect()),
        }
    }

    pub(super) fn is_too_wide(&self) -> bool {
        match self {
            Self::Alert(_) => false,
            Self::Labels(matchers) => matchers.iter().all(|matcher| matcher.matches("")),
        }
    }

    /// Whether an alert is meant, which has the added labels besides its own.
    pub(super) fn matches(&self, alert: &Alert, added: Option<&Labels>) -> bool {
        match self {
            Self::Alert(id) => *id == alert.id,
            Self::Labels(matchers) => matchers.iter().all(|matcher| {
                let added = || added.and_then(|added| added.get(&matcher.label));
                let value = alert.labels.get(&matcher.label);
                let value = match (&*matcher.label, added().or(value)) {
                    ("alertname", _) => &alert.name,
                    (_, Some(value)) => value,
                    ("level" | "severity", None) => alert.level.as_str(),
                    (_, None) => "",
                };
                matcher.matches(value)
            }),
        }
    }
}
