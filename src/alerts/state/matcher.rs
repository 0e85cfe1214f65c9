//! `Matcher`: one condition of a silence on a label.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::alerts::redacted;

/// One condition of a silence on a label.
///
/// The label `alertname` is the alert's name, and `level` and `severity` are its level unless the alert has a label of that name. As
/// in Alertmanager, a label that the alert lacks is the empty text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Matcher {
    /// The label's name.
    pub label: String,
    /// The value.
    pub value: String,
    /// Whether the label must have the value, or must not have it.
    pub is_equal: bool,
}

/// A matcher for a label with the name of a secret shows no value.
impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.redacted();
        f.debug_struct("Matcher")
            .field("label", &shown.label)
            .field("value", &shown.value)
            .field("is_equal", &shown.is_equal)
            .finish()
    }
}

impl Matcher {
    /// Without secrets, for people.
    pub(in crate::alerts) fn redacted(&self) -> Self {
        Self {
            label: redacted::text(&self.label),
            value: redacted::value(&self.label, &self.value),
            is_equal: self.is_equal,
        }
    }

    /// As it is saved: secrets are sealed.
    pub(in crate::alerts) fn sealed(&self) -> Self {
        Self {
            label: redacted::text(&self.label),
            value: redacted::sealed(&self.label, &self.value).into_owned(),
            is_equal: self.is_equal,
        }
    }

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
        redacted::is_same(&self.label, &self.value, value) == self.is_equal
    }
}
