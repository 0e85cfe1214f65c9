//! `NotifiedAlert`: an alert as a notification shows it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::state::{AlertId, PersonalAct};
use crate::alerts::wire;

/// An alert as a notification shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotifiedAlert {
    /// The identity, which is the key for receivers that deduplicate.
    pub id: AlertId,
    /// The name of the rule, or of the alert that code fired.
    pub name: String,
    /// The urgency.
    pub level: Level,
    /// Whether the alert fires. Otherwise it is resolved.
    pub is_firing: bool,
    /// All labels, with `alertname`, and with `severity` unless the rule has that label itself.
    pub labels: Labels,
    /// `summary`, `description` and `runbook_url`, as far as there are any.
    pub annotations: BTreeMap<String, String>,
    /// The value at the last evaluation with data.
    #[serde(with = "wire::value")]
    pub value: Option<f64>,
    /// The begin of the firing, as in Prometheus.
    #[serde(with = "wire::time")]
    pub starts_at: SystemTime,
    /// The end of a resolved alert.
    #[serde(with = "wire::optional_time")]
    pub ends_at: Option<SystemTime>,
    /// The acknowledgement.
    pub acknowledged: Option<PersonalAct>,
}

impl NotifiedAlert {
    /// The component that the alert is about: its label `component`, else the name.
    #[must_use]
    pub fn component(&self) -> &str {
        self.labels.get("component").unwrap_or(&self.name)
    }

    /// The summary, else the description, else the name.
    #[must_use]
    pub fn summary(&self) -> &str {
        let annotation = |name| self.annotations.get(name).filter(|text| !text.is_empty());
        let text = annotation("summary").or_else(|| annotation("description"));
        text.unwrap_or(&self.name)
    }
}
