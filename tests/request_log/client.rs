//! The span of a request that is sent: what runs inside it, and when it ends.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::Full;
use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use tower::{Layer, Service, service_fn};
use tower_vitals::ClientMetricsLayer;

use crate::capture::{Capture, Line};

type Body = Full<bytes::Bytes>;

/// Logs when it is dropped.
struct Farewell;

impl Drop for Farewell {
    fn drop(&mut self) {
        tracing::info!("farewell");
    }
}

/// A recorder whose counters log.
struct Logging;

impl CounterFn for Logging {
    fn increment(&self, value: u64) {
        if value > 0 {
            tracing::info!("counted");
        }
    }

    fn absolute(&self, _value: u64) {}
}

impl metrics::Recorder for Logging {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Self))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// The one line with this message is inside the client's span.
#[track_caller]
fn assert_inside(capture: &Capture, message: &str) {
    let lines: Vec<Line> = capture.with_message(message);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0].spans, [0]);
}

#[test]
fn a_cancelled_call_is_dropped_and_counted_inside_its_span() {
    let (capture, _guard) = Capture::new();
    let layer = ClientMetricsLayer::builder("stock").recorder(Logging);
    let mut service = layer
        .build()
        .unwrap()
        .traces()
        .layer(service_fn(|_: Request<Body>| async {
            let _farewell = Farewell;
            pending::<Result<Response<Body>, Infallible>>().await
        }));
    assert!(service.call(Request::default()).now_or_never().is_none());
    assert_inside(&capture, "farewell");
    assert_inside(&capture, "counted");
    assert!(capture.span().is_closed);
}

#[test]
fn a_call_that_ends_with_its_body_is_counted_inside_its_span() {
    let (capture, _guard) = Capture::new();
    let layer = ClientMetricsLayer::builder("stock").recorder(Logging);
    let service =
        service_fn(|_: Request<Body>| ready(Ok::<_, Infallible>(Response::new(Body::from("x")))));
    let mut service = layer.build().unwrap().traces().layer(service);
    let mut call = pin!(service.call(Request::default()));
    let response = call.as_mut().now_or_never().unwrap().unwrap();
    assert_eq!(capture.with_message("counted").len(), 0);
    drop(response);
    assert_inside(&capture, "counted");
    // The future, which is still there, does not keep the span open.
    assert!(capture.span().is_closed);
}
