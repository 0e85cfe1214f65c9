//! `HandleSource`: the text of a `PrometheusHandle`, and the formats made from it.

use std::collections::HashSet;

use metrics_exporter_prometheus::PrometheusHandle;

use super::openmetrics;
use super::parse::parse;
use crate::catalog::{Family, Kind};
use crate::exporter::escaping::Escaping;
use crate::exporter::snapshot::{FamilySnapshot, Snapshot, Value};
use crate::exporter::source::Source;

pub(super) struct HandleSource {
    handle: PrometheusHandle,
    /// The full names of float counters. The facade's counters are integers, so the exporter has them as gauges.
    float_counters: HashSet<String>,
}

impl HandleSource {
    /// The prefix is empty or ends in an underscore.
    pub(super) fn new(handle: PrometheusHandle, families: &[Family], prefix: &str) -> Self {
        let float_counters = families.iter().filter(|family| family.is_float);
        Self {
            handle,
            float_counters: float_counters
                .map(|family| [prefix, family.name].concat())
                .collect(),
        }
    }
}

impl Source for HandleSource {
    fn text(&self, _: Escaping) -> String {
        self.handle.render()
    }

    fn openmetrics(&self, escaping: Escaping) -> String {
        openmetrics::from_text(&self.text(escaping), |name| {
            self.float_counters.contains(name)
        })
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = parse(&self.handle.render());
        for family in &mut snapshot.families {
            if self.float_counters.contains(&family.name) {
                into_counter(family);
            }
        }
        snapshot
    }

    fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn into_counter(family: &mut FamilySnapshot) {
    if family.kind != Kind::Gauge {
        return;
    }
    family.kind = Kind::Counter;
    for series in &mut family.series {
        if let Value::Gauge(total) = series.value {
            series.value = Value::Counter(total);
        }
    }
}
