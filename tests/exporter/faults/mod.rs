//! Faulty keys and samples spoil neither the scrape nor another series. Nothing is lost unless it is counted.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

mod kinds;
mod labels;
mod logs;
mod names;
mod values;

use metrics::{Key, Label, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::catalog::Kind;
use tower_vitals::exporter::Snapshot;

use crate::support::exposition::{Exposition, Sample, of_snapshot};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);
const KINDS: [Kind; 3] = [Kind::Counter, Kind::Gauge, Kind::Histogram];
const REJECTED: &str = "monitoring_series_rejected_total";
const DROPPED_SERIES: &str = "monitoring_series_dropped_total";
const DROPPED_SAMPLES: &str = "monitoring_samples_dropped_total";

fn built() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

fn key(name: &'static str, labels: &[(&'static str, &'static str)]) -> Key {
    let labels = labels.iter().map(|(name, value)| Label::new(*name, *value));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

/// Adds 1, or records a sample of 1.
fn record(prometheus: &Prometheus, kind: Kind, key: &Key) {
    match kind {
        Kind::Counter => prometheus.register_counter(key, &METADATA).increment(1),
        Kind::Gauge => prometheus.register_gauge(key, &METADATA).increment(1.0),
        Kind::Histogram => prometheus.register_histogram(key, &METADATA).record(1.0),
    }
}

/// The text, after a check that both formats are valid and that the snapshot has its values.
#[track_caller]
fn read(prometheus: &Prometheus) -> (Exposition, Snapshot) {
    let text = Exposition::parse(&prometheus.render());
    text.assert_valid();
    let open = Exposition::parse(&prometheus.render_openmetrics());
    open.assert_valid();
    assert_eq!(open.values(), text.values());
    let snapshot = prometheus.snapshot();
    assert_eq!(of_snapshot(&snapshot), text.values());
    (text, snapshot)
}

/// The samples that stand for one series each.
fn series<'a>(text: &'a Exposition, name: &str, kind: Kind) -> Vec<&'a Sample> {
    let suffix = if kind == Kind::Histogram {
        "_count"
    } else {
        ""
    };
    let name = format!("{name}{suffix}");
    let samples = text.samples.iter();
    samples.filter(|sample| sample.name == name).collect()
}
