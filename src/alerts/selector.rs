use serde::{Deserialize, Serialize};

use super::matcher::{Matcher, Operator};
use crate::exporter::Labels;

/// The series of one metric that satisfy all matchers.
///
/// ```
/// use tower_vitals::alerts::Selector;
///
/// let failed = Selector::new("http_requests_total")
///     .eq("method", "GET")
///     .ne("endpoint", "unmatched")
///     .starts_with("status", "5");
/// assert_eq!(failed.matchers.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// The name of the metric as Prometheus reads it, with its prefix. For a histogram, the name without `_bucket`; with `_count` or `_sum`,
    /// the number or the sum of its samples, which are counters.
    pub metric: String,
    /// The conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matchers: Vec<Matcher>,
}

impl Selector {
    /// All series of this metric.
    pub fn new(metric: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            matchers: Vec::new(),
        }
    }

    /// Selects series whose label has this value.
    pub fn eq(self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.matcher(label, Operator::Eq, value)
    }

    /// Selects series whose label has another value.
    pub fn ne(self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.matcher(label, Operator::Ne, value)
    }

    /// Selects series whose label's value starts with this text: `.starts_with("status", "5")` selects server errors.
    pub fn starts_with(self, label: impl Into<String>, text: impl Into<String>) -> Self {
        self.matcher(label, Operator::StartsWith, text)
    }

    /// Selects series whose label's value does not start with this text.
    pub fn not_starts_with(self, label: impl Into<String>, text: impl Into<String>) -> Self {
        self.matcher(label, Operator::NotStartsWith, text)
    }

    fn matcher(
        mut self,
        label: impl Into<String>,
        operator: Operator,
        value: impl Into<String>,
    ) -> Self {
        self.matchers.push(Matcher {
            label: label.into(),
            operator,
            value: value.into(),
        });
        self
    }

    /// As it is saved: secrets are sealed.
    pub(super) fn sealed(&self) -> Self {
        Self {
            metric: self.metric.clone(),
            matchers: self.matchers.iter().map(Matcher::sealed).collect(),
        }
    }

    pub(super) fn matches(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}

impl From<&str> for Selector {
    fn from(metric: &str) -> Self {
        Self::new(metric)
    }
}
