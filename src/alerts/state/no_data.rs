//! `NoData`: a rule's choice for an evaluation without data.

use serde::{Deserialize, Serialize};

/// A rule's choice for an evaluation without data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// Each member's last result is taken again: a pending alert fires after `for`, a firing one fires on, and one that
    /// only fires because of `keep_firing_for` resolves after it. The default.
    #[default]
    Keep,
    /// The condition counts as false for each member.
    Resolve,
    /// An alert of the rule without labels becomes active and fires after `for`. The members keep their last result.
    /// An evaluation with data is a false result for that alert.
    Fire,
}
