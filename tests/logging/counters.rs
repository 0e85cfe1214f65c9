//! `log_events_total` counts the events that pass the filter.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tower_vitals::Prometheus;

use crate::json_log::{builder, log_this_thread};

#[test]
fn events_that_pass_are_counted_and_each_level_begins_at_0() {
    let prometheus = Prometheus::builder().build().unwrap();
    let (builder, _lines) = builder();
    let builder = builder
        .filter("info,hyper=off")
        .recorder(prometheus.clone());
    let (handle, _guard) = log_this_thread(builder);
    let count = |level| {
        prometheus
            .snapshot()
            .sum("log_events_total", &[("level", level)])
    };
    let counts = || ["error", "warn", "info", "debug", "trace"].map(count);
    assert_eq!(counts(), [Some(0.0); 5]);

    tracing::error!("one");
    tracing::warn!("two");
    tracing::warn!(target: "hyper", "left out");
    tracing::info!("three");
    tracing::info!("four");
    tracing::debug!("left out");
    assert_eq!(
        counts(),
        [Some(1.0), Some(1.0), Some(2.0), Some(0.0), Some(0.0)]
    );

    handle.level().set("trace").unwrap();
    tracing::trace!("five");
    // The change is an event, too.
    assert_eq!(
        counts(),
        [Some(1.0), Some(1.0), Some(3.0), Some(0.0), Some(1.0)]
    );
}

/// Logs at each call, and adds up all counts.
#[derive(Clone, Default)]
pub(crate) struct LoggingRecorder(Arc<AtomicU64>);

impl LoggingRecorder {
    pub(crate) fn counted(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl CounterFn for LoggingRecorder {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
        tracing::warn!("the counter logs");
    }

    fn absolute(&self, _value: u64) {}
}

impl Recorder for LoggingRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        tracing::warn!("the recorder logs");
        Counter::from_arc(Arc::new(self.clone()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Panics at the first count, and adds up all others.
#[derive(Clone, Default)]
pub(crate) struct FaultyRecorder(Arc<AtomicU64>, Arc<AtomicBool>);

impl FaultyRecorder {
    pub(crate) fn counted(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl CounterFn for FaultyRecorder {
    fn increment(&self, value: u64) {
        if value == 0 {
            return;
        }
        assert!(self.1.swap(true, Ordering::Relaxed), "no recorder");
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, _value: u64) {}
}

impl Recorder for FaultyRecorder {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(self.clone()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn events_are_counted_after_a_panic_of_the_recorder() {
    let recorder = FaultyRecorder::default();
    let (builder, _lines) = builder();
    let (_handle, _guard) = log_this_thread(builder.recorder(recorder.clone()));
    catch_unwind(|| tracing::info!("not counted")).unwrap_err();
    for _ in 0..3 {
        tracing::info!("counted");
    }
    assert_eq!(recorder.counted(), 3);
}
