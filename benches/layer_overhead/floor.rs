//! The floor: the records of one request without a layer.

use std::hint::black_box;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub(crate) fn stock() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets(tower_vitals::catalog::DURATION_BUCKETS)
        .unwrap()
        .build_recorder()
}

/// Prebuilt handles of the stock exporter, and the records of one request.
#[derive(Clone)]
pub(crate) struct Floor {
    requests: Counter,
    pub(crate) in_progress: Gauge,
    duration: Histogram,
}

impl Floor {
    pub(crate) fn new() -> (Self, PrometheusHandle) {
        let recorder = stock();
        let labels = vec![Label::new("method", "GET"), Label::new("endpoint", "/")];
        let key = |name: &'static str| Key::from_parts(name, labels.clone());
        let metadata = Metadata::new("bench", Level::INFO, None);
        let floor = Self {
            requests: recorder.register_counter(&key("requests_total"), &metadata),
            in_progress: recorder.register_gauge(&key("in_progress"), &metadata),
            duration: recorder.register_histogram(&key("duration_seconds"), &metadata),
        };
        (floor, recorder.handle())
    }

    pub(crate) fn record(&self) {
        let started = quanta::Instant::now();
        self.in_progress.increment(1.0);
        self.end(black_box(started));
    }

    pub(crate) fn end(&self, started: quanta::Instant) {
        let elapsed = quanta::Instant::now().duration_since(started);
        self.requests.increment(1);
        self.duration.record(elapsed.as_secs_f64());
        self.in_progress.decrement(1.0);
    }
}

/// The floor's handles for a [`Least`] layer, and the function that drains them.
pub(crate) fn least() -> (&'static Floor, Box<dyn Fn()>) {
    let (floor, handle) = Floor::new();
    let drain = Box::new(move || handle.run_upkeep());
    (Box::leak(Box::new(floor)), drain)
}
