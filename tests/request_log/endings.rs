//! However a request ends, its metric, its log line and its span have the same duration, status and error.

use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use metrics_util::debugging::DebuggingRecorder;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::http_metrics::SkipMetrics;
use tower_vitals::{HttpLayer, HttpMetricsLayer, RequestIdLayer, RequestLogLayer, ServerSpanLayer};

use crate::capture::Capture;
use crate::support::{BoxError, Reader, Script, Step, recorder, until};

/// How a request is to have ended.
#[derive(Clone, Copy, Default)]
pub(crate) struct Expected<'a> {
    pub(crate) endpoint: &'a str,
    /// The status of the metric and the line.
    pub(crate) status: u16,
    /// Whether a response head was sent.
    pub(crate) is_answered: bool,
    pub(crate) outcome: &'a str,
    pub(crate) error: Option<&'a str>,
    pub(crate) level: &'a str,
    pub(crate) grpc: Option<(&'a str, i64)>,
}

pub(crate) const OK: Expected<'_> = Expected {
    endpoint: "/x/{id}",
    status: 200,
    is_answered: true,
    outcome: "complete",
    error: None,
    level: "INFO",
    grpc: None,
};

pub(crate) fn layer_of(metrics: HttpMetricsLayer) -> HttpLayer {
    HttpLayer::new()
        .metrics(metrics)
        .request_id(RequestIdLayer::new())
        .log(RequestLogLayer::new().exclude_none())
        .span(ServerSpanLayer::new().exclude_none())
}

pub(crate) fn layer(recorder: DebuggingRecorder) -> HttpLayer {
    let metrics = HttpMetricsLayer::builder().recorder(recorder);
    layer_of(metrics.build().unwrap())
}

/// Asserts that the one request that was recorded ended as expected, in all three records.
#[track_caller]
pub(crate) fn assert_agree(capture: &Capture, reader: &Reader, expected: Expected<'_>) {
    let taken = reader.take();
    let status = expected.status.to_string();
    let aborted = (expected.outcome != "complete").then_some(expected.outcome);
    taken.assert_one(&status, aborted);
    let mut labels = vec![("endpoint", expected.endpoint)];
    labels.extend(expected.grpc.map(|(name, _)| ("grpc_status", name)));
    assert_eq!(
        taken.counter("http_requests_total", &labels),
        1,
        "{taken:?}"
    );

    let line = capture.request();
    let fields = &line.fields;
    assert_eq!(line.level, expected.level, "{line:?}");
    assert_eq!(fields["route"], expected.endpoint, "{line:?}");
    assert_eq!(fields["status"], expected.status);
    assert_eq!(fields["outcome"], expected.outcome);
    assert_eq!(
        fields.get("error_type"),
        expected.error.map(Value::from).as_ref()
    );
    let grpc = expected.grpc.map(|(name, _)| Value::from(name));
    assert_eq!(fields.get("grpc_status"), grpc.as_ref());

    let span = capture.span();
    let sent = expected.is_answered.then_some(Value::from(expected.status));
    assert_eq!(span.fields.get("http.response.status_code"), sent.as_ref());
    assert_eq!(
        span.fields.get("error.type"),
        expected.error.map(Value::from).as_ref()
    );
    let span_status = expected.error.map(|_| Value::from("ERROR"));
    assert_eq!(span.fields.get("otel.status_code"), span_status.as_ref());
    let code = expected.grpc.map(|(_, number)| Value::from(number));
    assert_eq!(span.fields.get("rpc.grpc.status_code"), code.as_ref());

    // The metric is in seconds, of the same number of nanoseconds.
    let millis = fields["duration_ms"].as_f64().unwrap();
    assert_eq!(span.fields["duration_ms"].as_f64(), Some(millis));
    let nanos = (taken.durations()[0] * 1e9).round();
    assert_eq!((millis * 1e6).round(), nanos);
    assert!(nanos > 0.0);

    assert!(span.is_closed, "the span ends with the request");
    assert_eq!(capture.request_ids(&line).len(), 1, "{line:?}");
}

fn request() -> Request<Body> {
    Request::get("/x/7?page=2").body(Body::empty()).unwrap()
}

/// Serves one request in an axum app, whose body is read as `read` does.
async fn ends<R, F>(respond: R, read: impl AsyncFnOnce(Body), expected: Expected<'_>)
where
    R: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send,
{
    let (capture, _guard) = Capture::new();
    let (recorder, reader) = recorder();
    let app = Router::new()
        .route("/x/{id}", get(respond))
        .layer(layer(recorder));
    let response = app.oneshot(request()).await.unwrap();
    read(response.into_body()).await;
    assert_agree(&capture, &reader, expected);
}

async fn read(body: Body) {
    let _ = body.collect().await;
}

fn answer(status: u16, steps: &'static [Step]) -> Response<Body> {
    let body = Body::new(Script::new(steps.iter().copied()));
    Response::builder().status(status).body(body).unwrap()
}

#[tokio::test]
async fn a_complete_response() {
    let respond = || async { answer(200, &[Step::Data(b"ab"), Step::Data(b"c")]) };
    ends(respond, read, OK).await;
    ends(|| async { Response::new(Body::from("sized")) }, read, OK).await;
    ends(|| async { Response::new(Body::empty()) }, read, OK).await;
}

#[tokio::test]
async fn a_client_error_is_no_error_and_a_server_error_is() {
    let refused = Expected { status: 404, ..OK };
    ends(|| async { answer(404, &[]) }, read, refused).await;
    let failed = Expected {
        status: 503,
        error: Some("503"),
        level: "ERROR",
        ..OK
    };
    ends(|| async { answer(503, &[]) }, read, failed).await;
}

#[tokio::test]
async fn a_body_that_breaks_keeps_its_status() {
    let broken = Expected {
        status: 201,
        outcome: "body_error",
        error: Some("body_error"),
        level: "ERROR",
        ..OK
    };
    ends(
        || async { answer(201, &[Step::Data(b"a"), Step::Error]) },
        read,
        broken,
    )
    .await;
}

#[tokio::test]
async fn a_body_that_panics() {
    let panicked = Expected {
        outcome: "panic",
        error: Some("panic"),
        level: "ERROR",
        ..OK
    };
    let caught = async |body: Body| {
        let caught = AssertUnwindSafe(body.collect()).catch_unwind().await;
        assert!(caught.is_err());
    };
    ends(
        || async { answer(200, &[Step::Data(b"a"), Step::Panic]) },
        caught,
        panicked,
    )
    .await;
}

#[tokio::test]
async fn a_body_that_is_dropped() {
    let dropped = Expected {
        outcome: "body_dropped",
        error: Some("body_dropped"),
        ..OK
    };
    let drop_half = async |mut body: Body| {
        body.frame().await.unwrap().unwrap();
    };
    let steps = &[Step::Data(b"a"), Step::Data(b"b")];
    ends(|| async { answer(200, steps) }, drop_half, dropped).await;
}

#[tokio::test]
async fn a_handler_that_panics_or_is_dropped_sends_no_status() {
    for (is_panic, outcome, status, level) in [
        (true, "panic", 500, "ERROR"),
        (false, "cancelled", 499, "INFO"),
    ] {
        let (capture, _guard) = Capture::new();
        let (recorder, reader) = recorder();
        let handler = move || async move {
            assert!(!is_panic, "on demand");
            pending::<()>().await;
        };
        let app = Router::new()
            .route("/x/{id}", get(handler))
            .layer(layer(recorder));
        let served = AssertUnwindSafe(app.oneshot(request())).catch_unwind();
        if is_panic {
            assert!(served.await.is_err());
        } else {
            assert!(served.now_or_never().is_none());
        }
        let expected = Expected {
            status,
            is_answered: false,
            outcome,
            error: Some(outcome),
            level,
            ..OK
        };
        assert_agree(&capture, &reader, expected);
    }
}

#[tokio::test]
async fn a_service_that_fails() {
    let (capture, _guard) = Capture::new();
    let (recorder, reader) = recorder();
    let failing =
        service_fn(|_: Request<Body>| async { Err::<Response<Body>, BoxError>("it fails".into()) });
    layer(recorder)
        .layer(failing)
        .oneshot(request())
        .await
        .unwrap_err();
    let expected = Expected {
        endpoint: "unmatched",
        status: 500,
        is_answered: false,
        outcome: "service_error",
        error: Some("service_error"),
        level: "ERROR",
        ..OK
    };
    assert_agree(&capture, &reader, expected);
}

#[tokio::test]
async fn a_response_that_the_metrics_skip_is_logged() {
    let (capture, _guard) = Capture::new();
    let (recorder, reader) = recorder();
    let app = Router::new().route("/x/{id}", get(|| async { (SkipMetrics, "robots") }));
    let response = app.layer(layer(recorder)).oneshot(request()).await.unwrap();
    read(response.into_body()).await;
    assert_eq!(reader.take().requests(), 0);
    assert_eq!(reader.take().in_progress(), 0.0);
    let line = capture.request();
    assert_eq!(
        (&line.fields["route"], &line.fields["status"]),
        (&"/x/{id}".into(), &200.into())
    );
    assert_eq!(
        capture.span().fields["duration_ms"],
        line.fields["duration_ms"]
    );
}

/// Serves an app on a port, one request on the connection that is returned.
async fn connect(app: Router) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = b"GET /x/7 HTTP/1.1\r\nhost: shop.example\r\n\r\n";
    stream.write_all(head).await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_leaves_a_real_server_before_the_head() {
    let (capture, _guard) = Capture::new();
    let (recorder, reader) = recorder();
    let began = Arc::new(Notify::new());
    let begins = Arc::clone(&began);
    let handler = move || {
        let begins = Arc::clone(&begins);
        async move {
            begins.notify_one();
            pending::<()>().await;
        }
    };
    let app = Router::new()
        .route("/x/{id}", get(handler))
        .layer(layer(recorder));
    let stream = connect(app).await;
    began.notified().await;
    drop(stream);
    until("the request is logged", async || {
        !capture.requests().is_empty()
    })
    .await;
    let expected = Expected {
        status: 499,
        is_answered: false,
        outcome: "cancelled",
        error: Some("cancelled"),
        ..OK
    };
    assert_agree(&capture, &reader, expected);
}

#[tokio::test]
async fn a_client_that_leaves_a_real_server_within_the_body() {
    let (capture, _guard) = Capture::new();
    let (recorder, reader) = recorder();
    let handler = || async {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"first"))]);
        Body::from_stream(first.chain(stream::pending()))
    };
    let app = Router::new()
        .route("/x/{id}", get(handler))
        .layer(layer(recorder));
    let mut stream = connect(app).await;
    let mut seen = Vec::new();
    while !seen.ends_with(b"first\r\n") {
        assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
    }
    drop(stream);
    until("the request is logged", async || {
        !capture.requests().is_empty()
    })
    .await;
    let expected = Expected {
        outcome: "body_dropped",
        error: Some("body_dropped"),
        ..OK
    };
    assert_agree(&capture, &reader, expected);
    assert_eq!(capture.request().fields["bytes_out"], 5);
}

#[tokio::test]
async fn streams_and_broken_bodies_of_a_real_server() {
    for (breaks, expected) in [
        (false, OK),
        (
            true,
            Expected {
                outcome: "body_error",
                error: Some("body_error"),
                level: "ERROR",
                ..OK
            },
        ),
    ] {
        let (capture, _guard) = Capture::new();
        let (recorder, reader) = recorder();
        let handler = move || async move {
            let frames = (0..3).map(move |number| {
                if breaks && number == 2 {
                    return Err(std::io::Error::other("torn"));
                }
                Ok(Bytes::from_static(b"frame"))
            });
            Body::from_stream(stream::iter(frames).then(async |frame| {
                tokio::time::sleep(Duration::from_millis(1)).await;
                frame
            }))
        };
        let app = Router::new()
            .route("/x/{id}", get(handler))
            .layer(layer(recorder));
        let mut stream = connect(app).await;
        let mut seen = Vec::new();
        while !seen.ends_with(b"0\r\n\r\n") && stream.read_buf(&mut seen).await.unwrap() > 0 {}
        until("the request is logged", async || {
            !capture.requests().is_empty()
        })
        .await;
        assert_agree(&capture, &reader, expected);
        let line = capture.request();
        assert_eq!(line.fields["bytes_out"], if breaks { 10 } else { 15 });
        assert!(line.fields["duration_ms"].as_f64().unwrap() >= 2.0);
    }
}

#[tokio::test]
async fn a_head_request_and_a_status_without_a_body_end_at_the_head() {
    for (method, status) in [("HEAD", StatusCode::OK), ("GET", StatusCode::NO_CONTENT)] {
        let (capture, _guard) = Capture::new();
        let (recorder, reader) = recorder();
        let app = Router::new().route("/x/{id}", get(move || async move { (status, "body") }));
        let mut asked = request();
        *asked.method_mut() = method.parse().unwrap();
        let response = app.layer(layer(recorder)).oneshot(asked).await.unwrap();
        let expected = Expected {
            status: status.as_u16(),
            ..OK
        };
        assert_agree(&capture, &reader, expected);
        drop(response);
    }
}
