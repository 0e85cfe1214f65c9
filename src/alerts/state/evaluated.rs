//! `Evaluated`: one member of a rule's evaluation.

use std::collections::BTreeMap;

/// The labels of an alert, without the rule's name.
pub type Labels = BTreeMap<String, String>;

/// The result of a rule for one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The labels of the series. A label `alertname` is ignored, because the rule's name takes its place.
    pub labels: Labels,
    /// The value that the condition was applied to.
    pub value: f64,
    /// The condition is true.
    pub holds: bool,
}
