//! `Matcher`: one condition of a silence on a label.

use serde::{Deserialize, Serialize};

/// One condition of a silence on a label.
///
/// The label `alertname` is the alert's name, and `level` and `severity` are its level unless the alert has a label of that name. As
/// in Alertmanager, a label that the alert lacks is the empty text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Matcher {
    /// The label's name.
    pub label: String,
    /// The value.
    pub value: String,
    /// Whether the label must have the value, or must not have it.
    pub is_equal: bool,
}

impl Matcher {
    /// The label must have this value.
    pub fn equal(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
            is_equal: true,
        }
    }

    /// The label must not have this value.
    pub fn not_equal(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            is_equal: false,
            ..Self::equal(label, value)
        }
    }

    pub(in crate::alerts) fn matches(&self, value: &str) -> bool {
        (self.value == value) == self.is_equal
    }
}
