//! `Handle`: a counter, a gauge or a histogram of a recorder.

use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, Recorder};

pub(crate) static METADATA: Metadata<'static> =
    Metadata::new("tower_vitals", Level::INFO, Some("tower_vitals"));

/// A counter, a gauge or a histogram.
pub(crate) trait Handle: Sized + Send + Sync + 'static {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self;
}

impl Handle for Counter {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_counter(key, &METADATA)
    }
}

impl Handle for Gauge {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_gauge(key, &METADATA)
    }
}

impl Handle for Histogram {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_histogram(key, &METADATA)
    }
}
