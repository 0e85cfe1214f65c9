use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::level::Level;
use super::no_data::NoData;
use super::pending::Pending;
use super::signal::Signal;

/// A ratio of fewer events says little.
const MIN_EVENTS: u64 = 10;

/// An alert rule: plain data that can be written in code, in a file, or generated from.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::alerts::{Level, Rule, Signal};
///
/// let rule = Rule::new("SlowRequests", Signal::quantile(0.99, "http_request_duration_seconds", Duration::from_secs(300)))
///     .gt(0.5)
///     .for_duration(Duration::from_secs(120))
///     .level(Level::Error)
///     .summary("99 % of requests take up to {{ value | seconds }}");
/// let json = serde_json::to_string(&rule).unwrap();
/// assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
#[must_use]
pub struct Rule {
    /// The name, which is unique in a set of rules.
    pub name: String,
    /// The value to judge.
    pub signal: Signal,
    /// The comparison of the value with the threshold.
    #[serde(default = "Rule::default_comparison")]
    pub comparison: Comparison,
    /// The threshold.
    #[serde(default)]
    pub threshold: f64,
    /// How long the comparison must be true before the alert fires.
    #[serde(default)]
    pub pending: Pending,
    /// How long the alert goes on firing after the comparison became false. In seconds.
    #[serde(default, with = "super::seconds")]
    pub keep_firing_for: Duration,
    /// The treatment of the alert while the signal has no data.
    #[serde(default)]
    pub no_data: NoData,
    /// The smallest number of events in its window that a ratio, an average or a quantile is judged by. Below it, the comparison is
    /// not true.
    #[serde(default = "Rule::default_min_events")]
    pub min_events: u64,
    /// The severity.
    #[serde(default)]
    pub level: Level,
    /// One line for people: a [template](super::render).
    #[serde(default)]
    pub summary: String,
    /// Several lines for people: a [template](super::render).
    #[serde(default)]
    pub description: String,
    /// The address of the page that says what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook_url: Option<String>,
    /// Labels of the alert besides those of its group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Rule {
    /// A rule that holds while the signal is greater than 0, and fires at once.
    pub fn new(name: impl Into<String>, signal: Signal) -> Self {
        Self {
            name: name.into(),
            signal,
            comparison: Self::default_comparison(),
            threshold: 0.0,
            pending: Pending::default(),
            keep_firing_for: Duration::ZERO,
            no_data: NoData::default(),
            min_events: MIN_EVENTS,
            level: Level::default(),
            summary: String::new(),
            description: String::new(),
            runbook_url: None,
            labels: BTreeMap::new(),
        }
    }

    fn default_comparison() -> Comparison {
        Comparison::Gt
    }

    fn default_min_events() -> u64 {
        MIN_EVENTS
    }

    /// Holds while the signal is greater than this.
    pub fn gt(self, threshold: f64) -> Self {
        self.compare(Comparison::Gt, threshold)
    }

    /// Holds while the signal is greater than or equal to this.
    pub fn ge(self, threshold: f64) -> Self {
        self.compare(Comparison::Ge, threshold)
    }

    /// Holds while the signal is less than this.
    pub fn lt(self, threshold: f64) -> Self {
        self.compare(Comparison::Lt, threshold)
    }

    /// Holds while the signal is less than or equal to this.
    pub fn le(self, threshold: f64) -> Self {
        self.compare(Comparison::Le, threshold)
    }

    /// Holds while the signal equals this.
    pub fn eq(self, threshold: f64) -> Self {
        self.compare(Comparison::Eq, threshold)
    }

    /// Holds while the signal differs from this. It is the only comparison that NaN satisfies.
    pub fn ne(self, threshold: f64) -> Self {
        self.compare(Comparison::Ne, threshold)
    }

    fn compare(mut self, comparison: Comparison, threshold: f64) -> Self {
        self.comparison = comparison;
        self.threshold = threshold;
        self
    }

    /// Fires after the comparison was true for this long, from its first true evaluation. Defaults to zero: it fires at once.
    pub fn for_duration(mut self, duration: Duration) -> Self {
        self.pending = Pending::For(duration);
        self
    }

    /// Fires at the `times`th evaluation in a row at which the comparison is true.
    pub fn consecutive(mut self, times: u32) -> Self {
        self.pending = Pending::Consecutive(times);
        self
    }

    /// Goes on firing for this long after the comparison became false. Defaults to zero.
    pub fn keep_firing_for(mut self, duration: Duration) -> Self {
        self.keep_firing_for = duration;
        self
    }

    /// Sets the treatment of the alert while the signal has no data. Defaults to [`NoData::Keep`].
    pub fn no_data(mut self, no_data: NoData) -> Self {
        self.no_data = no_data;
        self
    }

    /// Sets the number of events in its window that a ratio, an average or a quantile needs to be judged. Defaults to 10, so that
    /// one error in a quiet hour is no ratio of 100 %.
    pub fn min_events(mut self, events: u64) -> Self {
        self.min_events = events;
        self
    }

    /// Sets the severity. Defaults to [`Level::Warning`].
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets one line for people: a [template](super::render).
    pub fn summary(mut self, template: impl Into<String>) -> Self {
        self.summary = template.into();
        self
    }

    /// Sets several lines for people: a [template](super::render).
    pub fn description(mut self, template: impl Into<String>) -> Self {
        self.description = template.into();
        self
    }

    /// Sets the address of the page that says what to do.
    pub fn runbook_url(mut self, url: impl Into<String>) -> Self {
        self.runbook_url = Some(url.into());
        self
    }

    /// Adds a label to the alert.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }
}
