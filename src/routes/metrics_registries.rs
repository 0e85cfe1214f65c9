//! `/metrics/registries`: the known metric families and their numbers of series.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::catalog::MONITORING_SERIES_DROPPED;
use crate::exporter::{Reader, Snapshot};

#[derive(Serialize)]
pub(super) struct Registries {
    total_series: usize,
    families: BTreeMap<String, RegisteredFamily>,
}

#[derive(Serialize)]
struct RegisteredFamily {
    r#type: &'static str,
    help: String,
    /// Whether the family is the crate's own or was registered, and not only recorded.
    in_catalogue: bool,
    /// The labels of each series; outside the catalogue, those of the first series.
    labels: Vec<String>,
    series: usize,
    /// Registrations past the series limit, which are recorded in the series `other`.
    dropped: f64,
}

impl Registries {
    pub(super) fn new(reader: &Reader) -> Self {
        let snapshot = reader.snapshot();
        let dropped = dropped(reader, &snapshot);
        let dropped = |name: &str| dropped.get(name).copied().unwrap_or(0.0);
        let own = reader.catalog().families().iter().map(|family| {
            let name = reader.prefixed(family.name);
            let registered = RegisteredFamily {
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
                .or_insert_with(|| RegisteredFamily {
                    r#type: family.kind.as_str(),
                    help: family.help.clone(),
                    in_catalogue: false,
                    labels: family.series.first().map_or_else(Vec::new, |series| {
                        let names = series.labels.iter().map(|(name, _)| name.to_owned());
                        names.collect()
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

/// Dropped registrations by the metric's name.
fn dropped(reader: &Reader, snapshot: &Snapshot) -> HashMap<String, f64> {
    let name = reader.prefixed(MONITORING_SERIES_DROPPED.name);
    let series = snapshot.family(&name).map(|family| &*family.series);
    let by_metric = series.unwrap_or_default().iter().filter_map(|series| {
        let metric = series.labels.get("metric")?;
        Some((metric.to_owned(), series.value.as_f64()?))
    });
    by_metric.collect()
}
