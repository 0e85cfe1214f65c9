//! `Inhibition`: a rule whose firing alerts hold back others.

use serde::{Deserialize, Serialize};

use crate::alerts::labels::Labels;

/// A rule whose firing alerts hold back the notifications of another rule's alerts with equal labels.
///
/// Their states are left alone. As in Alertmanager, a label that an alert lacks is the empty text, and a source that is silenced or
/// inhibited itself holds back others.
///
/// ```
/// use tower_vitals::alerts::state::Inhibition;
///
/// let inhibition = Inhibition::by("database_down").equal(["cluster"]);
/// assert_eq!(inhibition.rule, "database_down");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Inhibition {
    /// The rule that holds back.
    pub rule: String,
    /// The labels that must be equal. Without any, each firing alert of the rule holds back all.
    #[serde(default)]
    pub equal: Vec<String>,
}

/// As [`Inhibition::by`].
impl From<&str> for Inhibition {
    fn from(rule: &str) -> Self {
        Self::by(rule)
    }
}

impl Inhibition {
    /// Firing alerts of this rule hold back.
    pub fn by(rule: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            equal: Vec::new(),
        }
    }

    /// Labels that must be equal.
    pub fn equal<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.equal.extend(labels.into_iter().map(Into::into));
        self
    }

    /// The values of the labels that must be equal: those that the rule adds to its alerts, else those of the alert.
    pub(super) fn values<'a>(&self, labels: &'a Labels, added: Option<&'a Labels>) -> Vec<&'a str> {
        let value = |label: &String| {
            let added = added.and_then(|added| added.get(label));
            let value = added.or_else(|| labels.get(label));
            value.map_or("", |value| &**value)
        };
        self.equal.iter().map(value).collect()
    }
}
