//! The result of a rule's evaluation.

use super::labels::Labels;
use crate::error::Error;

/// One member of a rule: one group of its signal, or the only one of a signal without groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The labels of the group. Empty for a signal without groups. An alert ignores a label `alertname`, because the rule's name
    /// takes its place.
    pub labels: Labels,
    /// The value of the signal.
    pub value: f64,
    /// Whether the rule's comparison is true of the value, and the value stands on enough events.
    pub holds: bool,
}

/// The outcome of one evaluation of a rule.
#[derive(Debug)]
pub enum Evaluation {
    /// The members, in the order of their labels. Their label sets differ.
    Members(Vec<Evaluated>),
    /// No series has samples enough for a value. The rule's [`NoData`](super::NoData) decides. No members mean the same.
    NoData,
    /// The signal could not be computed.
    Failed(Error),
}
