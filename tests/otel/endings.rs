//! Spans of requests that end in different ways: the duration and the error of the metric.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use opentelemetry_proto::tonic::trace::v1::Span;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_vitals::http_metrics::{Naming, Until};
use tower_vitals::{HttpLayer, HttpMetricsLayer, Prometheus, ServerSpanLayer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, attribute};

/// Between two parts of a body, and until a caller gives up.
const PAUSE: Duration = Duration::from_millis(20);

/// A request that ended, as its metric shows it.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    /// The name of its span.
    pub(crate) name: String,
    pub(crate) nanos: u64,
    pub(crate) error: Option<String>,
    /// The status of a gRPC call.
    pub(crate) code: Option<String>,
}

/// Two parts, and an error or trailers after them.
fn body(end: Option<Result<HeaderMap, &'static str>>) -> Body {
    let parts = [
        Ok(Frame::data(Bytes::from("part"))),
        Ok(Frame::data(Bytes::from("part"))),
    ];
    let end = end.map(|end| end.map(Frame::trailers));
    let frames = stream::iter(parts.into_iter().chain(end)).then(async |frame| {
        tokio::time::sleep(PAUSE).await;
        frame
    });
    Body::new(StreamBody::new(Box::pin(frames)))
}

/// The answer to a gRPC call that ends with this status.
fn answer(code: &'static str) -> Response<Body> {
    let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), code.parse().unwrap())]);
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(body(Some(Ok(trailers)))).unwrap()
}

fn app() -> Router {
    Router::new()
        .route("/fine", get(async || body(None)))
        .route("/dropped", get(async || body(None)))
        .route("/broken", get(async || body(Some(Err("the disk is gone")))))
        .route("/missing", get(async || StatusCode::NOT_FOUND))
        .route("/fails", get(async || StatusCode::BAD_GATEWAY))
        .route("/panics", get(async || panic!("cursed") as ()))
        .route("/hangs", get(std::future::pending::<()>))
        .route("/shop.Orders/Place", post(async || answer("0")))
        .route("/shop.Orders/Lose", post(async || answer("15")))
        .route("/shop.Orders/Find", post(async || answer("5")))
        .route("/shop.Orders/Hang", post(std::future::pending::<()>))
}

/// Sends a request and reads its answer, the first part alone if the path says so. A caller gives up in the end.
async fn ask<S, B>(service: S, request: Request<Body>)
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: http_body::Body,
{
    let is_dropped = request.uri().path() == "/dropped";
    let answered = AssertUnwindSafe(tokio::time::timeout(PAUSE, service.oneshot(request)));
    let Ok(Ok(Ok(response))) = answered.catch_unwind().await else {
        return;
    };
    let mut body = Box::pin(response.into_body());
    while let Some(Ok(_)) = body.frame().await {
        if is_dropped {
            break;
        }
    }
}

/// The sums of all series of durations.
fn sums(prometheus: &Prometheus) -> BTreeMap<String, f64> {
    let text = prometheus.render();
    let samples = text.lines().filter_map(|line| line.rsplit_once(' '));
    let sums = samples.filter(|(series, _)| series.contains("_duration_seconds_sum{"));
    sums.map(|(series, sum)| (series.to_owned(), sum.parse().unwrap()))
        .collect()
}

/// The only sample of the only series of these that is new.
fn new_sample(before: &BTreeMap<String, f64>, after: BTreeMap<String, f64>, name: &str) -> Ended {
    let mut new = after
        .into_iter()
        .filter(|(series, sum)| before.get(series).unwrap_or(&0.0) != sum);
    let (series, sum) = new
        .next()
        .unwrap_or_else(|| panic!("{name} is not measured"));
    assert_eq!(new.next(), None, "{name}");
    assert!(
        !before.contains_key(&series) || before[&series] == 0.0,
        "{name}: {series} has another sample"
    );
    let label = |label: &str| {
        let (_, rest) = series.split_once(&format!("{label}=\""))?;
        let value = rest.split('"').next().unwrap();
        (!value.is_empty()).then(|| value.to_owned())
    };
    Ended {
        name: name.to_owned(),
        nanos: (sum * 1e9).round() as u64,
        error: label("error_type"),
        code: label("rpc_response_status_code"),
    }
}

/// Sends requests that end in different ways under the current subscriber.
pub(crate) async fn requests_that_end_in_all_ways() -> Vec<Ended> {
    let prometheus = Prometheus::builder().build().unwrap();
    let metrics = HttpMetricsLayer::builder()
        .naming(Naming::open_telemetry())
        .grpc();
    let metrics = metrics.recorder(prometheus.clone()).build().unwrap();
    let layer = HttpLayer::new()
        .metrics(metrics)
        .span(ServerSpanLayer::new());
    let app = app().layer(layer.clone());
    let failing = layer.layer(service_fn(async |_: Request<Body>| {
        tokio::time::sleep(PAUSE / 2).await;
        Err::<Response<Body>, _>(std::io::Error::other("no answer"))
    }));
    let mut ended = Vec::new();
    let mut before = sums(&prometheus);
    for (name, error, code) in [
        ("GET /fine", None, None),
        ("GET /dropped", Some("body_dropped"), None),
        ("GET /broken", Some("body_error"), None),
        ("GET /missing", None, None),
        ("GET /fails", Some("502"), None),
        ("GET /panics", Some("panic"), None),
        ("GET /hangs", Some("cancelled"), None),
        ("PUT", Some("service_error"), None),
        ("shop.Orders/Place", None, Some("OK")),
        ("shop.Orders/Lose", Some("DATA_LOSS"), Some("DATA_LOSS")),
        ("shop.Orders/Find", None, Some("NOT_FOUND")),
        ("shop.Orders/Hang", None, Some("CANCELLED")),
    ] {
        let request = match name.split_once(' ') {
            Some((_, path)) => Request::get(path),
            None if name == "PUT" => Request::put("/error"),
            None => Request::post(format!("/{name}")).header("content-type", "application/grpc"),
        };
        let request = request.body(Body::empty()).unwrap();
        if name == "PUT" {
            ask(failing.clone(), request).await;
        } else {
            ask(app.clone(), request).await;
        }
        let after = sums(&prometheus);
        let request = new_sample(&before, after.clone(), name);
        assert_eq!(
            (request.error.as_deref(), request.code.as_deref()),
            (error, code),
            "{name}"
        );
        ended.push(request);
        before = after;
    }
    ended.sort_by(|a, b| a.name.cmp(&b.name));
    ended
}

/// The same of a span that a collector got.
pub(crate) fn seen(
    name: &str,
    nanos: u64,
    is_error: bool,
    attribute: impl Fn(&str) -> Option<String>,
) -> Ended {
    let error = attribute("error.type");
    assert_eq!(is_error, error.is_some(), "{name}");
    let millis: f64 = attribute("duration_ms").unwrap().parse().unwrap();
    assert_eq!((millis * 1e6).round() as u64, nanos, "{name}");
    let code = attribute("rpc.grpc.status_code").map(|number| match &*number {
        "0" => "OK".to_owned(),
        "1" => "CANCELLED".to_owned(),
        "5" => "NOT_FOUND".to_owned(),
        "15" => "DATA_LOSS".to_owned(),
        _ => panic!("{name}: {number}"),
    });
    let rpc = code.as_ref().and_then(|_| name.split_once('/'));
    let expected = [
        rpc.map(|_| "grpc"),
        rpc.map(|(service, _)| service),
        rpc.map(|(_, method)| method),
    ];
    let attributes = ["rpc.system", "rpc.service", "rpc.method"].map(attribute);
    assert_eq!(
        attributes.each_ref().map(Option::as_deref),
        expected,
        "{name}"
    );
    Ended {
        name: name.to_owned(),
        nanos,
        error,
        code,
    }
}

fn seen_in(span: &Span) -> Ended {
    let nanos = span.end_time_unix_nano - span.start_time_unix_nano;
    let is_error = span.status.as_ref().is_some_and(|status| status.code == 2);
    seen(&span.name, nanos, is_error, |key| {
        attribute(&span.attributes, key)
    })
}

#[tokio::test]
async fn a_span_has_the_duration_and_the_error_of_the_metric() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        let tracing = collector.builder().run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        let ended = requests_that_end_in_all_ways().await;
        let spans = collector.wait_for(ended.len());
        assert_eq!(spans.iter().map(seen_in).collect::<Vec<_>>(), ended);
        let of = |name| ended.iter().find(|it| it.name == name).unwrap().nanos;
        // The caller's clock starts before the metric's, so that of "GET /hangs" may be shorter than the caller's limit.
        for (name, least) in [
            ("GET /fine", 2 * PAUSE),
            ("GET /dropped", PAUSE),
            ("shop.Orders/Place", 3 * PAUSE),
        ] {
            let least = u64::try_from(least.as_nanos()).unwrap();
            assert!(of(name) >= least, "{name}: {}", of(name));
        }
    }
}

/// The metric and the attribute end at the head, and the span ends with the body.
#[tokio::test]
async fn a_span_can_last_longer_than_the_metric() {
    let collector = Collector::start(BOTH[0]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let metrics = HttpMetricsLayer::builder()
        .duration_until(Until::Head)
        .build()
        .unwrap();
    let layer = HttpLayer::new()
        .metrics(metrics)
        .span(ServerSpanLayer::new());
    let app = app().layer(layer);
    for path in ["/fine", "/hangs"] {
        ask(app.clone(), Request::get(path).body(Body::empty()).unwrap()).await;
    }
    let spans = collector.wait_for(2);
    let value = |span: &Span, key| attribute(&span.attributes, key);
    let [fine, hangs] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(value(fine, "duration_until").as_deref(), Some("head"));
    let nanos = fine.end_time_unix_nano - fine.start_time_unix_nano;
    assert!(Duration::from_nanos(nanos) >= 2 * PAUSE, "{nanos}");
    let millis: f64 = value(fine, "duration_ms").unwrap().parse().unwrap();
    let head = Duration::from_secs_f64(millis / 1e3);
    // The body comes in two pauses after the head.
    assert!(
        head + PAUSE <= Duration::from_nanos(nanos),
        "{millis} ms of {nanos} ns"
    );
    // It has no head.
    assert_eq!(value(hangs, "duration_until"), None);
    assert_eq!(seen_in(hangs).error.as_deref(), Some("cancelled"));
}

/// The layer's duration counts, not that of a handler or of a span of the service.
#[tokio::test]
async fn only_the_layer_says_how_long_a_span_lasts() {
    let collector = Collector::start(BOTH[0]);
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let own = tracing::info_span!(
        "a call",
        otel.kind = "client",
        otel.status_code = "error",
        http.request.method = "GET",
        duration_ms = 5000.0
    );
    drop(own);
    let records = async || {
        tracing::Span::current().record("duration_ms", 5000.0);
    };
    let app = Router::new().route("/records", get(records));
    let app = app.layer(
        HttpLayer::new()
            .metrics(HttpMetricsLayer::new())
            .span(ServerSpanLayer::new()),
    );
    let request = Request::get("/records").body(Body::empty()).unwrap();
    ask(app, request).await;
    let spans = collector.wait_for(2);
    let [handled, own] = &spans[..] else {
        panic!("{spans:?}")
    };
    let nanos = |span: &Span| span.end_time_unix_nano - span.start_time_unix_nano;
    assert_ne!(nanos(own), 5_000_000_000);
    assert_eq!(own.status.as_ref().unwrap().code, 2);
    let durations = handled
        .attributes
        .iter()
        .filter(|it| it.key == "duration_ms");
    let durations: Vec<f64> = durations
        .map(|it| attribute(std::slice::from_ref(it), "duration_ms").unwrap())
        .map(|millis| millis.parse().unwrap())
        .collect();
    let [5000.0, last] = durations[..] else {
        panic!("{durations:?}")
    };
    assert_eq!(nanos(handled), (last * 1e6).round() as u64);
}
