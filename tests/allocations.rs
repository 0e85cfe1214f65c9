//! The hot path allocates nothing of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
)]

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::{Layer, Service, service_fn};
use tower_vitals::{HttpMetricsLayer, Prometheus};

const REQUESTS: u64 = 6_400;

/// Allocations of that many requests, each read to its end.
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
                unreachable!("it answers at once")
            };
            let mut body = pin!(response.into_body());
            while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
                assert!(frame.is_ok());
            }
        }
    };
    serve(64);
    allocation_counter::measure(|| serve(REQUESTS)).count_total
}

#[test]
fn with_the_exporter_only_its_sample_blocks_are_allocated() {
    let prometheus = Prometheus::builder()
        .upkeep_interval(std::time::Duration::from_hours(1))
        .build()
        .unwrap();
    let layer = || HttpMetricsLayer::new().recorder(prometheus.clone());
    // One block for each 64 samples.
    assert_eq!(allocations(layer()), REQUESTS / 64);
    assert_eq!(
        allocations(layer().endpoint(|_| Some("/users/{id}"))),
        REQUESTS / 64
    );
}

/// Takes everything and keeps nothing; of a size, so that it counts as a recorder.
struct Discard(#[expect(dead_code, reason = "it is there for its size")] u8);

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
    let layer = || HttpMetricsLayer::new().recorder(Discard(0));
    assert_eq!(allocations(layer()), 0);
    assert_eq!(allocations(layer().endpoint(|_| Some("/users/{id}"))), 0);
    assert_eq!(allocations(layer().response_body_size()), 0);
    let labelled = layer().label("tier", ["free"], |_| Some("free")).unwrap();
    assert_eq!(allocations(labelled), 0);
}
