//! A zero-sized recorder, which records to statics. Alone in its file, because a process has one global recorder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use bytes::Bytes;
use http::Response;
use http_body_util::Empty;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use support::{call, get, measured};
use tower_vitals::HttpMetricsLayer;

static COUNTED: AtomicU64 = AtomicU64::new(0);
static TIMED: AtomicU64 = AtomicU64::new(0);
static IN_PROGRESS: AtomicI64 = AtomicI64::new(0);

struct Statics;

impl CounterFn for Statics {
    fn increment(&self, value: u64) {
        COUNTED.fetch_add(value, Ordering::Relaxed);
    }
    fn absolute(&self, _: u64) {}
}

impl GaugeFn for Statics {
    fn increment(&self, _: f64) {
        IN_PROGRESS.fetch_add(1, Ordering::Relaxed);
    }
    fn decrement(&self, _: f64) {
        IN_PROGRESS.fetch_sub(1, Ordering::Relaxed);
    }
    fn set(&self, _: f64) {}
}

impl HistogramFn for Statics {
    fn record(&self, _: f64) {
        TIMED.fetch_add(1, Ordering::Relaxed);
    }
}

impl Recorder for Statics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Self))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Self))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Self))
    }
}

#[tokio::test]
async fn a_zero_sized_recorder_records() {
    metrics::set_global_recorder(Statics).unwrap();
    let service = measured(HttpMetricsLayer::new(), |_| {
        Response::new(Empty::<Bytes>::new())
    });
    for _ in 0..3 {
        call(&service, get("/")).await;
    }
    assert_eq!(COUNTED.load(Ordering::Relaxed), 3);
    assert_eq!(TIMED.load(Ordering::Relaxed), 3);
    assert_eq!(IN_PROGRESS.load(Ordering::Relaxed), 0);
}
