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
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::{Layer, Service, service_fn};
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
