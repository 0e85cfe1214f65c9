//! `Stock`: the recorder of metrics-exporter-prometheus that [`Prometheus`](super::prometheus::Prometheus) wraps.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;

use super::fractional::Fractional;
use super::openmetrics;
use super::parse::parse;
use super::snapshot::Snapshot;
use super::source::Source;

pub(super) struct Stock {
    pub(super) handle: PrometheusHandle,
    pub(super) fractional: Arc<Fractional>,
}

impl Source for Stock {
    fn text(&self) -> String {
        self.fractional.as_counters(self.handle.render())
    }

    fn openmetrics(&self) -> String {
        openmetrics::from_text(&self.text(), |_| false)
    }

    fn snapshot(&self) -> Snapshot {
        parse(&self.text())
    }

    fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}
