//! `RuleData`: the data of a rule's last evaluation.

use serde::{Deserialize, Serialize};

/// The data of a rule's last evaluation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleData {
    /// There was no evaluation yet.
    #[default]
    NotEvaluated,
    /// No evaluation had data so far: the rule's metrics were never recorded, or too few samples of them. This is no fault.
    NoneYet,
    /// The last evaluation had data.
    Current,
    /// The last evaluation had no data, and an earlier one had.
    Gone,
    /// The last evaluation failed.
    Failed,
}
