//! The keys of groups.

use std::fmt::Write;

use super::all_labels::AllLabels;
use crate::alerts::labels::Labels;

/// The key of summaries, which belong to no group.
pub(super) const SUMMARY: &str = "{}/summary:{}";
/// The key of notices about silences.
pub(super) const SILENCES: &str = "{}/silences:{}";

/// The labels that the alert is grouped by.
pub(super) fn group_labels(group_by: &[String], labels: &AllLabels) -> Labels {
    let is_of_all = group_by.iter().any(|label| label == "...");
    let wanted = labels
        .iter()
        .filter(|(name, _)| is_of_all || group_by.iter().any(|label| label == name));
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    wanted.map(owned).collect()
}

/// The key of a group as Alertmanager writes it: `{}:{alertname="X", pod="a"}`.
pub(super) fn group_key(labels: &Labels) -> String {
    let mut key = "{}:{".to_owned();
    for (index, (name, value)) in labels.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(key, "{comma}{name}={value:?}");
    }
    key.push('}');
    key
}
