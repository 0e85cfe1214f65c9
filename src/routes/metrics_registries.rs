//! What can be recorded, and how much of it there is.

use std::collections::{BTreeMap, HashMap};

use metrics_exporter_prometheus::formatting::sanitize_metric_name;
use serde::Serialize;

use crate::catalog::MONITORING_SERIES_DROPPED;
use crate::exporter::{Prometheus, Snapshot};

/// `total_series`, and `families` by name.
#[derive(Serialize)]
pub(super) struct Registries {
    total_series: usize,
    families: BTreeMap<String, Registered>,
}

/// A family of the catalogue, or one that somebody else recorded.
#[derive(Serialize)]
struct Registered {
    r#type: &'static str,
    help: String,
    /// Whether it is the crate's own, or was registered.
    in_catalogue: bool,
    /// The labels every series of it has; of somebody else's, those of its first.
    labels: Vec<String>,
    series: usize,
    /// Times it was counted under `other`, past the series limit.
    dropped: f64,
}

impl Registries {
    pub(super) fn of(prometheus: &Prometheus) -> Self {
        let snapshot = prometheus.snapshot();
        let dropped = dropped(prometheus, &snapshot);
        let dropped = |name: &str| dropped.get(name).copied().unwrap_or(0.0);
        let own = prometheus.catalog().families().iter().map(|family| {
            let name = prometheus.prefixed(family.name);
            let registered = Registered {
                r#type: family.kind.as_str(),
                help: family.help.to_owned(),
                in_catalogue: true,
                labels: family.labels.iter().map(ToString::to_string).collect(),
                series: snapshot
                    .family(&name)
                    .map_or(0, |family| family.series.len()),
                dropped: dropped(&name),
            };
            (name, registered)
        });
        let mut families: BTreeMap<_, _> = own.collect();
        for family in &snapshot.families {
            families
                .entry(family.name.clone())
                .or_insert_with(|| Registered {
                    r#type: family.kind.as_str(),
                    help: family.help.clone(),
                    in_catalogue: false,
                    labels: family.series.first().map_or_else(Vec::new, |series| {
                        series.labels.iter().map(|(name, _)| name.clone()).collect()
                    }),
                    series: family.series.len(),
                    dropped: dropped(&family.name),
                });
        }
        Self {
            total_series: families.values().map(|family| family.series).sum(),
            families,
        }
    }
}

/// How often each metric was counted under `other`, by its name as it is read: the limit knows it as it was recorded.
fn dropped(prometheus: &Prometheus, snapshot: &Snapshot) -> HashMap<String, f64> {
    let name = prometheus.prefixed(MONITORING_SERIES_DROPPED.name);
    let series = snapshot.family(&name).map(|family| &*family.series);
    let by_metric = series.unwrap_or_default().iter().filter_map(|series| {
        let (_, metric) = series.labels.iter().find(|(label, _)| label == "metric")?;
        Some((sanitize_metric_name(metric), series.value.as_f64()?))
    });
    by_metric.collect()
}
