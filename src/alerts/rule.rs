use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::announcer::Announcer;
use super::comparison::Comparison;
use super::level::Level;
use super::no_data::NoData;
use super::pending::Pending;
use super::scope::Scope;
use super::signal::Signal;
use super::state::Inhibition;

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
#[derive(Clone, PartialEq, Serialize, Deserialize)]
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
    /// How long a firing alert lasts without an evaluation that has data. In seconds. Without it, such an alert fires on.
    #[serde(
        default,
        with = "super::seconds::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub auto_resolve: Option<Duration>,
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
    /// The rules whose firing alerts hold the notifications of this one back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inhibited_by: Vec<Inhibition>,
    /// The names of the channels that are notified. Without any, routing decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Whether each instance evaluates the rule, or one of them for all.
    #[serde(default)]
    pub scope: Scope,
    /// The sender of the notifications.
    #[serde(default)]
    pub announced_by: Announcer,
}

debug_redacted!(Rule {
    name,
    signal,
    comparison,
    threshold,
    pending,
    keep_firing_for,
    no_data,
    auto_resolve,
    min_events,
    level,
    summary,
    description,
    runbook_url,
    labels,
    inhibited_by,
    channels,
    scope,
    announced_by
});

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
            auto_resolve: None,
            min_events: MIN_EVENTS,
            level: Level::default(),
            summary: String::new(),
            description: String::new(),
            runbook_url: None,
            labels: BTreeMap::new(),
            inhibited_by: Vec::new(),
            channels: Vec::new(),
            scope: Scope::default(),
            announced_by: Announcer::default(),
        }
    }

    fn default_comparison() -> Comparison {
        Comparison::Gt
    }

    fn default_min_events() -> u64 {
        MIN_EVENTS
    }

    /// The names of the labels that the rule's alerts have: those of its groups, its own, and those that an absence demands.
    pub(super) fn label_names(&self) -> Vec<&str> {
        let own = self.labels.keys().map(|label| &**label);
        self.signal.label_names().into_iter().chain(own).collect()
    }
}
