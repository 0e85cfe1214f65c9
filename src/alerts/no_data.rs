use serde::{Deserialize, Serialize};

/// A rule's choice for an evaluation without data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoData {
    /// The last result of each member is taken again.
    #[default]
    Keep,
    /// The comparison counts as false for each member.
    Resolve,
    /// An alert of the rule without labels fires, after the rule's pending time.
    Fire,
}
