//! `AddedLabels`: the labels that an alert gets besides its own.

use std::collections::BTreeMap;

use super::all_labels::AllLabels;
use super::description::Description;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::redacted;
use crate::alerts::state::Alert;

/// The labels that an alert gets besides its own. Usually the next alert is of the same rule and shares them.
#[derive(Debug)]
pub(super) struct AddedLabels {
    of_rule: Labels,
    name: String,
    severity: Option<Level>,
    all: Labels,
    redacted: Labels,
}

impl AddedLabels {
    pub(super) fn new(alert: &Alert, description: &Description) -> Self {
        let mut all: BTreeMap<_, _> = description.labels.clone().into();
        all.insert("alertname".into(), alert.name.clone());
        let severity = severity(alert);
        if let Some(level) = severity {
            let severity = all.entry("severity".into());
            severity.or_insert_with(|| level.to_string());
        }
        let all = Labels::from(all);
        Self {
            of_rule: description.labels.clone(),
            name: alert.name.clone(),
            severity,
            redacted: redacted::labels(&all),
            all,
        }
    }

    /// Whether they are also those of this alert.
    pub(super) fn are_of(&self, alert: &Alert, description: &Description) -> bool {
        self.name == alert.name
            && self.severity == severity(alert)
            && self.of_rule == description.labels
    }

    pub(super) fn with_own(&self, alert: &Alert) -> AllLabels {
        AllLabels::new(alert.labels.clone(), self.all.clone())
    }

    pub(super) fn with_own_redacted(&self, alert: &Alert) -> AllLabels {
        AllLabels::new(redacted::labels(&alert.labels), self.redacted.clone())
    }
}

/// The level is a label unless there is one of its name.
fn severity(alert: &Alert) -> Option<Level> {
    (!alert.labels.contains_key("severity")).then_some(alert.level)
}
