//! The hot path of the layer does not allocate.
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

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::{Layer, Service, service_fn};
use tower_vitals::exporter::ExemplarLabels;
use tower_vitals::{HttpMetricsLayer, Prometheus};

const REQUESTS: u64 = 6_400;

/// The allocations of [`REQUESTS`] requests whose bodies are read to the end.
fn allocations(layer: HttpMetricsLayer) -> u64 {
    let mut service = layer.layer(service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
    }));
    let mut serve = |count| {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..count {
            let mut future = pin!(service.call(Request::new(())));
            let Poll::Ready(Ok(response)) = std::future::Future::poll(future.as_mut(), &mut cx)
            else {
                unreachable!("the service responds immediately")
            };
            let mut body = pin!(response.into_body());
            while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
                assert!(frame.is_ok());
            }
        }
    };
    // The first thousand requests look for layers inside, and later the thread gets cells of its own.
    serve(4_096);
    allocation_counter::measure(|| serve(REQUESTS)).count_total
}

#[test]
fn with_the_exporter_nothing_is_allocated() {
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = || HttpMetricsLayer::builder().recorder(prometheus.clone());
    for builder in [builder(), builder().endpoint(|_| Some("/users/{id}"))] {
        assert_eq!(allocations(builder.build().unwrap()), 0);
    }
}

#[test]
fn exemplars_are_recorded_without_an_allocation() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let prometheus = Prometheus::builder()
        .exemplars(move || {
            count.fetch_add(1, Ordering::Relaxed);
            Some(ExemplarLabels::trace([1; 16], [2; 8]))
        })
        .build()
        .unwrap();
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let counter = prometheus.register_counter(&Key::from_name("orders_total"), &metadata);
    let histogram = prometheus.register_histogram(&Key::from_name("wait_seconds"), &metadata);
    let record = || {
        counter.increment(1);
        histogram.record(0.2);
    };
    // The first exemplars of the series.
    let first = allocation_counter::measure(record).count_total;
    assert_eq!((first, asked.load(Ordering::Relaxed)), (0, 2));
    // Later the thread gets cells of its own.
    (0..4_096).for_each(|_| record());
    let deadline = Instant::now() + Duration::from_secs(30);
    let second = allocation_counter::measure(|| {
        while asked.load(Ordering::Relaxed) < 4 {
            record();
            assert!(Instant::now() < deadline, "a second never ends");
        }
    });
    assert_eq!(second.count_total, 0);
    let http = HttpMetricsLayer::builder().recorder(prometheus.clone());
    assert_eq!(allocations(http.build().unwrap()), 0);
    assert!(asked.load(Ordering::Relaxed) > 4);
}

/// Discards all records.
struct Discard;

impl Recorder for Discard {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn the_layer_itself_allocates_nothing() {
    let builder = || HttpMetricsLayer::builder().recorder(Discard);
    for builder in [
        builder(),
        builder().endpoint(|_| Some("/users/{id}")),
        builder().response_body_size(),
        builder().label("tier", ["free"], |_| Some("free")),
    ] {
        assert_eq!(allocations(builder.build().unwrap()), 0);
    }
}
