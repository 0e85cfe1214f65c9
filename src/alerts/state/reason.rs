//! `Reason`: the cause of a transition.

use serde::{Deserialize, Serialize};

/// The cause of a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The condition is true, or has been for long enough.
    ConditionTrue,
    /// The condition is false, or has been for longer than `keep_firing_for`.
    ConditionFalse,
    /// The rule has no data, and its [`NoData`](crate::alerts::NoData) decides so.
    NoData,
    /// The rule has data again.
    DataIsBack,
    /// The series was missing from two evaluations in a row.
    Stale,
    /// No evaluation confirmed the alert for `auto_resolve`.
    AutoResolved,
    /// Code of the service fired the alert.
    FiredByCode,
    /// Code of the service cleared the alert.
    ClearedByCode,
    /// A person acknowledged the alert, whose state stays.
    Acknowledged,
    /// A person resolved the alert.
    ResolvedByHand,
    /// The rule was removed.
    RuleRemoved,
}
