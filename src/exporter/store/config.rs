//! `StoreConfig`: the settings of a store.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use crate::catalog::Kind;

pub(in crate::exporter) struct StoreConfig {
    /// Empty, or with its underscore.
    pub(in crate::exporter) prefix: String,
    /// The labels of every series that has no label of the same name.
    pub(in crate::exporter) global_labels: Vec<(Cow<'static, str>, String)>,
    /// The series that each family may have.
    pub(in crate::exporter) max_series: usize,
    /// The bounds of histograms by name, without the prefix.
    pub(in crate::exporter) buckets: HashMap<String, Vec<f64>>,
    pub(in crate::exporter) idle_timeouts: IdleTimeouts,
}

/// How long series of each kind stay without being written to. `None`: for ever.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::exporter) struct IdleTimeouts {
    pub(in crate::exporter) counters: Option<Duration>,
    pub(in crate::exporter) gauges: Option<Duration>,
    pub(in crate::exporter) histograms: Option<Duration>,
}

impl IdleTimeouts {
    pub(in crate::exporter) fn of(&self, kind: Kind) -> Option<Duration> {
        match kind {
            Kind::Counter => self.counters,
            Kind::Gauge => self.gauges,
            Kind::Histogram => self.histograms,
        }
    }

    pub(in crate::exporter) fn set(&mut self, kind: Kind, timeout: Duration) {
        *match kind {
            Kind::Counter => &mut self.counters,
            Kind::Gauge => &mut self.gauges,
            Kind::Histogram => &mut self.histograms,
        } = Some(timeout);
    }

    pub(in crate::exporter) fn is_zero(&self) -> bool {
        let all = [self.counters, self.gauges, self.histograms];
        all.contains(&Some(Duration::ZERO))
    }
}
