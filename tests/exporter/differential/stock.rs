//! `Stock`: metrics-exporter-prometheus 0.18.

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit,
};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use tower_vitals::catalog::{DURATION_BUCKETS, SIZE_BUCKETS};

use super::script::{BUCKETS, Script};

/// That exporter, called as the known differences demand.
pub(super) struct Stock {
    prefix: String,
    pub(super) handle: PrometheusHandle,
    recorder: PrometheusRecorder,
}

fn doubled(text: &str) -> String {
    text.replace('\\', "\\\\")
}

impl Stock {
    pub(super) fn of(script: &Script) -> Self {
        let sizes = Matcher::Suffix("_bytes".to_owned());
        let mut builder = PrometheusBuilder::new()
            .set_buckets(DURATION_BUCKETS)
            .unwrap()
            .set_buckets_for_metric(sizes, SIZE_BUCKETS)
            .unwrap();
        for (name, value) in &script.global_labels {
            builder = builder.add_global_label(*name, doubled(value));
        }
        let prefix = script.prefix();
        for (name, bounds) in BUCKETS {
            let name = Matcher::Full([&*prefix, name].concat());
            builder = builder.set_buckets_for_metric(name, bounds).unwrap();
        }
        let recorder = builder.build_recorder();
        Self {
            prefix,
            handle: recorder.handle(),
            recorder,
        }
    }

    fn key(&self, key: &Key) -> Key {
        let labels = key.labels().filter(|label| !label.value().is_empty());
        let labels = labels.map(|label| Label::new(label.key().to_owned(), doubled(label.value())));
        Key::from_parts(
            [&*self.prefix, key.name()].concat(),
            labels.collect::<Vec<_>>(),
        )
    }

    fn name(&self, name: &KeyName) -> KeyName {
        [&*self.prefix, name.as_str()].concat().into()
    }
}

impl Recorder for Stock {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder
            .describe_counter(self.name(&name), unit, doubled(&text).into());
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder
            .describe_gauge(self.name(&name), unit, doubled(&text).into());
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.recorder
            .describe_histogram(self.name(&name), unit, doubled(&text).into());
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.recorder.register_counter(&self.key(key), metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.recorder.register_gauge(&self.key(key), metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.recorder.register_histogram(&self.key(key), metadata)
    }
}
