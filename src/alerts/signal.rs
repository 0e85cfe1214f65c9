use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::measure::Measure;
use super::selector::Selector;

/// The value that a rule judges, computed of metrics: one value of all selected series, or one of each group.
///
/// The arithmetic is that of `PromQL` in Prometheus 3.
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
}
