//! The three recorders under test, with the same metrics.

use std::time::Duration;

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use prometheus_client::encoding::prometheus_protobuf::encode_to_vec;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tower_vitals::Prometheus;
use tower_vitals::catalog::DURATION_BUCKETS;

pub(crate) const OURS: &str = "ours";
pub(crate) const STOCK: &str = "stock exporter";
pub(crate) const CLIENT: &str = "prometheus-client";

pub(crate) const COUNTER: &str = "requests_total";
pub(crate) const HISTOGRAM: &str = "wait_seconds";

pub(crate) const METADATA: Metadata<'static> = Metadata::new("bench", Level::INFO, None);

/// A recorder without background work, for `series` series in each metric. Its histograms have 14 buckets.
pub(crate) fn ours(series: usize) -> Prometheus {
    Prometheus::builder()
        .max_series(series + 1)
        .daily_totals_interval(Duration::from_hours(1))
        .build()
        .unwrap()
}

pub(crate) fn stock() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(DURATION_BUCKETS)
        .unwrap()
        .build_recorder()
}

pub(crate) type ClientLabels = Vec<(String, String)>;

/// The families of `prometheus-client`, in its registry.
pub(crate) struct Client {
    pub(crate) registry: Registry,
    pub(crate) counters: Family<ClientLabels, Counter>,
    pub(crate) histograms: Family<ClientLabels, Histogram, fn() -> Histogram>,
}

pub(crate) fn client_histogram() -> Histogram {
    Histogram::new(DURATION_BUCKETS.iter().copied())
}

impl Client {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let counters = Family::default();
        let histograms = Family::new_with_constructor(client_histogram as fn() -> Histogram);
        // The name of a counter gets its `_total` when it is encoded.
        registry.register("requests", "Requests", counters.clone());
        registry.register(HISTOGRAM, "Wait", histograms.clone());
        Self {
            registry,
            counters,
            histograms,
        }
    }

    pub(crate) fn render_protobuf(&self) -> Vec<u8> {
        encode_to_vec(&self.registry).unwrap()
    }

    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        text
    }
}

fn endpoint(n: usize) -> String {
    format!("/users/{n}/orders")
}

pub(crate) fn key(name: &'static str, n: usize) -> Key {
    let labels = vec![
        Label::new("method", "GET"),
        Label::new("endpoint", endpoint(n)),
    ];
    Key::from_parts(name, labels)
}

pub(crate) fn client_labels(n: usize) -> ClientLabels {
    vec![
        ("method".to_owned(), "GET".to_owned()),
        ("endpoint".to_owned(), endpoint(n)),
    ]
}

/// The kind of metric of a section's rows.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Counters,
    Histograms,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Counters => "counters",
            Self::Histograms => "histograms",
        }
    }

    pub(crate) fn key(self, n: usize) -> Key {
        match self {
            Self::Counters => key(COUNTER, n),
            Self::Histograms => key(HISTOGRAM, n),
        }
    }

    /// Registers a series and records to it.
    pub(crate) fn record(self, recorder: &impl Recorder, key: &Key) {
        match self {
            Self::Counters => recorder.register_counter(key, &METADATA).increment(1),
            Self::Histograms => recorder.register_histogram(key, &METADATA).record(0.02),
        }
    }

    pub(crate) fn record_client(self, client: &Client, labels: &ClientLabels) {
        match self {
            Self::Counters => {
                client.counters.get_or_create(labels).inc();
            }
            Self::Histograms => client.histograms.get_or_create(labels).observe(0.02),
        }
    }
}
