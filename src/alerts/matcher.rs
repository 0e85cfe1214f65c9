use serde::{Deserialize, Serialize};

use crate::exporter::Labels;

/// A condition on one label. As in `PromQL`, a series without the label has the empty value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// The name of the label.
    pub label: String,
    /// The comparison.
    pub operator: Operator,
    /// The text to compare with.
    pub value: String,
}

/// The comparison of a [`Matcher`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// The label has the value: `=`.
    Eq,
    /// The label has another value: `!=`.
    Ne,
    /// The label's value starts with the text: `=~"text.*"`.
    StartsWith,
    /// The label's value does not start with the text: `!~"text.*"`.
    NotStartsWith,
}

impl Matcher {
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).unwrap_or_default();
        match self.operator {
            Operator::Eq => value == self.value,
            Operator::Ne => value != self.value,
            Operator::StartsWith => value.starts_with(&self.value),
            Operator::NotStartsWith => !value.starts_with(&self.value),
        }
    }
}
