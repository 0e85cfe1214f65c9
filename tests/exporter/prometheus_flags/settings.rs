//! `Settings`: what a service turns on.

use std::iter::repeat;

use metrics::{Key, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::exporter::{ExemplarLabels, NativeHistograms};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Buckets {
    Classic,
    Both,
    Native,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) buckets: Buckets,
    pub(super) created: bool,
    pub(super) exemplars: bool,
}

impl Settings {
    /// The first ones are the defaults.
    pub(super) fn all() -> Vec<Self> {
        let buckets = [Buckets::Classic, Buckets::Both, Buckets::Native];
        let both = [(false, false), (false, true), (true, false), (true, true)];
        let all = buckets
            .iter()
            .flat_map(|buckets| repeat(*buckets).zip(both));
        all.map(|(buckets, (created, exemplars))| Self {
            buckets,
            created,
            exemplars,
        })
        .collect()
    }

    /// A recorder whose metrics are there before the first scrape.
    pub(super) fn recorder(self) -> Prometheus {
        let builder = Prometheus::builder()
            .buckets("wait_seconds", &[0.1, 1.0])
            .created_timestamps(self.created);
        let native = NativeHistograms::of(["wait_seconds"]);
        let mut builder = match self.buckets {
            Buckets::Classic => builder,
            Buckets::Both => builder.native_histograms(native),
            Buckets::Native => builder.native_histograms(native.without_classic_buckets()),
        };
        if self.exemplars {
            builder = builder.exemplars(|| Some(ExemplarLabels::trace([1; 16], [2; 8])));
        }
        let prometheus = builder.build().unwrap();
        let wait = prometheus.register_histogram(&Key::from_name("wait_seconds"), &METADATA);
        for seconds in [0.0625, 0.5, 7.0] {
            wait.record(seconds);
        }
        let orders = Key::from_name("orders_total");
        prometheus.register_counter(&orders, &METADATA).increment(3);
        let open = Key::from_name("open");
        prometheus.register_gauge(&open, &METADATA).set(2.0);
        prometheus
    }
}
