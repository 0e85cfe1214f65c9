//! `Description`: the parts of an alert that its rule adds.

use std::collections::BTreeMap;

use crate::alerts::announcer::Announcer;
use crate::alerts::labels::Labels;

/// The parts of an alert that its rule adds. The notifier redacts them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The labels of the rule. They take the place of the alert's own labels of the same names.
    pub labels: Labels,
    /// `summary`, `description` and `runbook_url`, as far as there are any.
    pub annotations: BTreeMap<String, String>,
    /// The names of the only channels that the alert goes to, whatever their levels and matchers are. Empty: the policies decide.
    pub channels: Vec<String>,
    /// The sender of the notifications. If it is Prometheus, no channel is told.
    pub announced_by: Announcer,
}
