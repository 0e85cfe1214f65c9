use std::fmt;

use serde::{Deserialize, Serialize};

use super::redacted;
use crate::exporter::Labels;

/// A condition on one label. As in `PromQL`, a series without the label has the empty value.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// The name of the label.
    pub label: String,
    /// The comparison.
    pub operator: Operator,
    /// The text to compare with.
    pub value: String,
}

/// A matcher of a label with the name of a secret shows no value.
impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matcher")
            .field("label", &redacted::text(&self.label))
            .field("operator", &self.operator)
            .field("value", &redacted::value(&self.label, &self.value))
            .finish()
    }
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
    /// As it is saved: secrets are sealed.
    pub(super) fn sealed(&self) -> Self {
        Self {
            label: self.label.clone(),
            operator: self.operator,
            value: redacted::sealed(&self.label, &self.value).into_owned(),
        }
    }

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
