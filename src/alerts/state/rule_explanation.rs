//! `RuleExplanation`: the alerts of a rule.

use serde::{Deserialize, Serialize};

use super::alert_explanation::AlertExplanation;
use super::rule_data::RuleData;
use super::timing::Timing;
use crate::alerts::level::Level;

/// The alerts of a rule, each explained.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuleExplanation {
    /// The rule's name.
    pub rule: String,
    /// The urgency of its alerts.
    pub level: Level,
    /// Its durations.
    pub timing: Timing,
    /// The data of the last evaluation.
    pub data: RuleData,
    /// The reason why the members are as an earlier evaluation left them: the error of the last one, or `no data`.
    pub stale: Option<String>,
    /// All known members, in the order of their labels.
    pub members: Vec<AlertExplanation>,
}
