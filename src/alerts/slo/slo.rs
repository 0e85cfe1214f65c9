//! `Slo`: a service level objective.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::slo_events::SloEvents;
use crate::alerts::selector::Selector;
use crate::catalog::{HTTP_REQUEST_DURATION, HTTP_REQUESTS};

const DAY: u64 = 24 * 60 * 60;
const PERIOD: Duration = Duration::from_secs(30 * DAY);
const MIN_EVENTS: u64 = 10;

/// A service level objective: the share of good events that a service promises over a period. Plain data, like a
/// [`Rule`](crate::alerts::Rule).
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::alerts::slo::{Slo, Slos};
///
/// let slos = Slos::builder()
///     .slo(Slo::availability("checkout", 0.999).matching("endpoint", "/checkout"))
///     .slo(Slo::latency("search", Duration::from_millis(250), 0.99).matching("endpoint", "/search"))
///     .build()?;
/// let json = serde_json::to_string(&slos[0]).unwrap();
/// assert_eq!(serde_json::from_str::<Slo>(&json).unwrap(), slos[0]);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
#[must_use]
pub struct Slo {
    /// The name, which is unique, and the value of the label `slo`.
    pub name: String,
    /// The promised share of good events, between 0 and 1.
    pub objective: f64,
    /// The events.
    pub events: SloEvents,
    /// The time over which the budget of bad events is granted. In seconds.
    #[serde(default = "Slo::default_period", with = "crate::alerts::seconds")]
    pub period: Duration,
    /// The smallest number of events in each window of a pair that an alert is judged by.
    #[serde(default = "Slo::default_min_events")]
    pub min_events: u64,
    /// One line for people: a [template](crate::alerts::render). The value is a burn rate. Empty for a general text.
    #[serde(default)]
    pub summary: String,
    /// Several lines for people: a [template](crate::alerts::render). Empty for a general text.
    #[serde(default)]
    pub description: String,
    /// The address of the page that says what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook_url: Option<String>,
    /// Labels of the alerts besides `slo`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The names of the channels that get the alerts. Empty for the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
}

debug_redacted!(Slo {
    name,
    objective,
    events,
    period,
    min_events,
    summary,
    description,
    runbook_url,
    labels,
    channels
});

impl Slo {
    /// Promises this share of requests without a server error: bad events are those of `http_requests_total` whose status starts
    /// with 5. [`bad`](Self::bad), [`good`](Self::good) and [`total`](Self::total) choose other events.
    pub fn availability(name: impl Into<String>, objective: f64) -> Self {
        let total = Selector::new(HTTP_REQUESTS.name);
        let bad = Some(total.clone().starts_with("status", "5"));
        let events = SloEvents {
            bad,
            ..SloEvents::new(total)
        };
        Self::new(name, objective, events)
    }

    /// Promises this share of requests that take at most `threshold`: good events are the samples of
    /// `http_request_duration_seconds` in buckets up to it. The threshold must be a bucket's bound.
    /// [`total`](Self::total) chooses another histogram.
    pub fn latency(name: impl Into<String>, threshold: Duration, objective: f64) -> Self {
        let events = SloEvents {
            threshold: Some(threshold),
            ..SloEvents::new(HTTP_REQUEST_DURATION.name)
        };
        Self::new(name, objective, events)
    }

    fn new(name: impl Into<String>, objective: f64, events: SloEvents) -> Self {
        Self {
            name: name.into(),
            objective,
            events,
            period: PERIOD,
            min_events: MIN_EVENTS,
            summary: String::new(),
            description: String::new(),
            runbook_url: None,
            labels: BTreeMap::new(),
            channels: Vec::new(),
        }
    }

    fn default_period() -> Duration {
        PERIOD
    }

    fn default_min_events() -> u64 {
        MIN_EVENTS
    }

    /// Counts these bad events, in place of others or of good ones.
    pub fn bad(mut self, selector: impl Into<Selector>) -> Self {
        self.events.bad = Some(selector.into());
        self.events.good = None;
        self
    }

    /// Counts these good events, in place of others or of bad ones.
    pub fn good(mut self, selector: impl Into<Selector>) -> Self {
        self.events.good = Some(selector.into());
        self.events.bad = None;
        self
    }

    /// Counts these as all events. With a threshold: reads this histogram.
    pub fn total(mut self, selector: impl Into<Selector>) -> Self {
        self.events.total = selector.into();
        self
    }

    /// Counts only events whose label has this value. Applies to the selectors set so far.
    pub fn matching(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        let (label, value) = (label.into(), value.into());
        for selector in self.events.selectors_mut() {
            *selector = selector.clone().eq(&*label, &*value);
        }
        self
    }

    /// Sets the time over which the budget is granted: 7 to 90 days. Defaults to 30 days. The windows and factors of the alerts stay,
    /// so with 7 days the same factor means a larger share of the budget.
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// Sets the number of events that each window of a pair needs for an alert. Defaults to 10, so that one error in a quiet hour
    /// pages nobody.
    ///
    /// A service with fewer than 20 events an hour never has 10 in 30 minutes: it gets tickets only. One error is more than 14.4
    /// times the budget of 0.1 % in any window of fewer than 70 events.
    pub fn min_events(mut self, events: u64) -> Self {
        self.min_events = events;
        self
    }

    /// Sets one line for people: a [template](crate::alerts::render).
    pub fn summary(mut self, template: impl Into<String>) -> Self {
        self.summary = template.into();
        self
    }

    /// Sets several lines for people: a [template](crate::alerts::render).
    pub fn description(mut self, template: impl Into<String>) -> Self {
        self.description = template.into();
        self
    }

    /// Sets the address of the page that says what to do.
    pub fn runbook_url(mut self, url: impl Into<String>) -> Self {
        self.runbook_url = Some(url.into());
        self
    }

    /// Adds a label to the alerts.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(name.into(), value.into());
        self
    }

    /// Sends the alerts to these channels only.
    pub fn channels<C: Into<String>>(mut self, names: impl IntoIterator<Item = C>) -> Self {
        self.channels = names.into_iter().map(Into::into).collect();
        self
    }

    /// The allowed share of bad events.
    #[must_use]
    pub fn budget(&self) -> f64 {
        1.0 - self.objective
    }
}
