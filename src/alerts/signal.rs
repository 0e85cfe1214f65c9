use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::matcher::Operator;
use super::measure::Measure;
use super::selector::Selector;
use crate::catalog::{HEALTH_CHECK_STATUS, SCHEDULER_JOB_PROBLEM};

/// The value that a rule judges, computed of metrics: one value of all selected series, or one of each group.
///
/// The arithmetic is that of `PromQL` in Prometheus 3. A window needs two samples, which are as far apart as evaluations: make it at
/// least twice as long as the interval of the engine, and better four times, so that a missed evaluation leaves enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Signal {
    /// The computation.
    pub measure: Measure,
    /// The labels to group by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}

impl Signal {
    /// The current value of gauges or counters, summed: `sum(metric)`.
    pub fn value(selector: impl Into<Selector>) -> Self {
        let selector = selector.into();
        Self::new(Measure::Value { selector })
    }

    /// The increase of counters per second over a window, summed: `sum(rate(metric[5m]))`.
    pub fn rate(selector: impl Into<Selector>, window: Duration) -> Self {
        let selector = selector.into();
        Self::new(Measure::Rate { selector, window })
    }

    /// The increase of counters over a window, summed: `sum(increase(metric[5m]))`.
    pub fn increase(selector: impl Into<Selector>, window: Duration) -> Self {
        let selector = selector.into();
        Self::new(Measure::Increase { selector, window })
    }

    /// The share that some counters have of the increase of others over a window: `sum(increase(part[5m])) /
    /// sum(increase(whole[5m]))`.
    ///
    /// A group without a series of `part` has the share 0, where `PromQL` returns nothing: a success ratio is 0 if nothing
    /// ever succeeded.
    pub fn ratio(part: impl Into<Selector>, whole: impl Into<Selector>, window: Duration) -> Self {
        let (part, whole) = (part.into(), whole.into());
        Self::new(Measure::Ratio {
            part,
            whole,
            window,
        })
    }

    /// The mean of the samples that histograms got in a window: `sum(rate(metric_sum[5m])) / sum(rate(metric_count[5m]))`.
    pub fn average(selector: impl Into<Selector>, window: Duration) -> Self {
        let selector = selector.into();
        Self::new(Measure::Average { selector, window })
    }

    /// The quantile, from 0 to 1, of the samples that histograms got in a window:
    /// `histogram_quantile(0.99, sum by (le) (rate(metric_bucket[5m])))`.
    pub fn quantile(quantile: f64, selector: impl Into<Selector>, window: Duration) -> Self {
        let selector = selector.into();
        Self::new(Measure::Quantile {
            quantile,
            selector,
            window,
        })
    }

    /// The seconds since the time that gauges hold, of several gauges the longest: `time() - min(metric)`. A gauge of 0 is as old
    /// as 1970.
    pub fn age(selector: impl Into<Selector>) -> Self {
        let selector = selector.into();
        Self::new(Measure::Age { selector })
    }

    /// 1 if no series is selected, else 0. Without a snapshot in the last five minutes there is no data.
    ///
    /// Its only member has the labels that the selector demands to be equal, as in `PromQL`'s `absent`.
    pub fn absent(selector: impl Into<Selector>) -> Self {
        let selector = selector.into();
        Self::new(Measure::Absent { selector })
    }

    /// The greatest current value of gauges or counters: `max(metric)`.
    pub fn max(selector: impl Into<Selector>) -> Self {
        let selector = selector.into();
        Self::new(Measure::Max { selector })
    }

    /// The least current value of gauges or counters: `min(metric)`.
    pub fn min(selector: impl Into<Selector>) -> Self {
        let selector = selector.into();
        Self::new(Measure::Min { selector })
    }

    /// The mean of the current values of gauges or counters: `avg(metric)`. See [`average`](Self::average) for histograms.
    pub fn avg(selector: impl Into<Selector>) -> Self {
        let selector = selector.into();
        Self::new(Measure::Avg { selector })
    }

    /// The current values of some gauges or counters, divided by those of others: `sum(part) / sum(whole)`. NaN while the whole is
    /// 0 and the part, too.
    ///
    /// ```
    /// use tower_vitals::alerts::{Rule, Signal};
    ///
    /// let in_use = Signal::quotient("db_connections_active", "database_connections_max");
    /// let rule = Rule::new("PoolAlmostFull", in_use).gt(0.9);
    /// ```
    pub fn quotient(part: impl Into<Selector>, whole: impl Into<Selector>) -> Self {
        let (part, whole) = (part.into(), whole.into());
        Self::new(Measure::Quotient { part, whole })
    }

    /// The status of a health check: 1 healthy, 0.5 degraded, 0 unhealthy. Its only member has the label `check`.
    ///
    /// It reads the metric `health_check_status`, so it has no data before the check's first run. The checks are not known when
    /// rules are built: a rule of a mistyped check never fires.
    ///
    /// ```
    /// use tower_vitals::alerts::{Level, Rule, Signal};
    ///
    /// let rule = Rule::new("DatabaseDown", Signal::health("database"))
    ///     .lt(0.5)
    ///     .level(Level::Critical)
    ///     .summary("health check {{ labels.check }} is unhealthy");
    /// ```
    pub fn health(check: impl Into<String>) -> Self {
        Self::min(Selector::new(HEALTH_CHECK_STATUS.name).eq("check", check)).by(["check"])
    }

    /// 1 while a background job has a problem, else 0: a member of each job and problem, with the labels `job_name` and `problem`
    /// (`late`, `missed`, `too_long` or `failing`).
    ///
    /// It reads the metric `scheduler_job_problem`. The jobs decide what a problem is: see
    /// `JobsBuilder::failing_after` and the setters of `Job`.
    #[must_use]
    pub fn job_problem() -> Self {
        Self::max(SCHEDULER_JOB_PROBLEM.name).by(["job_name", "problem"])
    }

    /// Values that a closure of the service computes. The closure is [`Computed`](super::Computed), and registered under this name.
    ///
    /// Values of one group are summed. Group by the labels that the closure returns to keep them apart. Prometheus cannot evaluate
    /// such a rule.
    pub fn computed(name: impl Into<String>) -> Self {
        let name = name.into();
        Self::new(Measure::Computed { name })
    }

    fn new(measure: Measure) -> Self {
        Self {
            measure,
            by: Vec::new(),
        }
    }

    /// Groups by these labels: each group has its own alert. Defaults to one value of all series.
    pub fn by<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.by = labels.into_iter().map(Into::into).collect();
        self
    }

    /// The names of the labels that its members can have: those of the groups, and those that an absence demands.
    pub(super) fn label_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.by.iter().map(|label| &**label).collect();
        if let Measure::Absent { selector } = &self.measure {
            let equal = selector.matchers.iter();
            let equal = equal.filter(|matcher| matcher.operator == Operator::Eq);
            names.extend(equal.map(|matcher| &*matcher.label));
        }
        names
    }
}
