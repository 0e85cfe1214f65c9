//! The setters of `Rule`.

use std::time::Duration;

use super::announcer::Announcer;
use super::comparison::Comparison;
use super::level::Level;
use super::no_data::NoData;
use super::pending::Pending;
use super::rule::Rule;
use super::scope::Scope;
use super::state::Inhibition;

impl Rule {
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

    /// Fires at the `times`th evaluation in a row at which the comparison is true. Replaces [`for_duration`](Self::for_duration), as
    /// that replaces this.
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

    /// Resolves a firing alert that no evaluation with data has confirmed for this long, whether its comparison was true or false.
    /// Defaults to never.
    pub fn auto_resolve(mut self, after: Duration) -> Self {
        self.auto_resolve = Some(after);
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

    /// Holds the notifications back while an alert of another rule fires. Call it again for several rules.
    ///
    /// By default each firing alert of that rule holds back all of this one's. [`Inhibition::equal`] demands equal labels:
    ///
    /// ```
    /// use tower_vitals::alerts::state::Inhibition;
    /// use tower_vitals::alerts::{Rule, Signal};
    ///
    /// let late = Rule::new("JobLate", Signal::job_problem())
    ///     .inhibited_by("DatabaseDown")
    ///     .inhibited_by(Inhibition::by("JobFailing").equal(["job_name"]));
    /// assert_eq!(late.inhibited_by.len(), 2);
    /// ```
    pub fn inhibited_by(mut self, inhibition: impl Into<Inhibition>) -> Self {
        self.inhibited_by.push(inhibition.into());
        self
    }

    /// Sets the names of the channels that are notified. Defaults to none: routing decides.
    pub fn channels<C: Into<String>>(mut self, channels: impl IntoIterator<Item = C>) -> Self {
        self.channels = channels.into_iter().map(Into::into).collect();
        self
    }

    /// Sets whether each instance evaluates the rule, or one of them for all. Defaults to [`Scope::Instance`].
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets the sender of the notifications. Defaults to [`Announcer::Service`].
    pub fn announced_by(mut self, announcer: Announcer) -> Self {
        self.announced_by = announcer;
        self
    }
}
