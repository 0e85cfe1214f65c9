//! The crate's own recorder counts a request in one object with cells for each thread, and other recorders have three handles.
//! Both record the same series with the same values.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use tower::{Layer, Service, service_fn};
use tower_vitals::exporter;
use tower_vitals::http_metrics::{DurationStatus, HttpMetricsBuilder, Naming, SkipMetrics, Until};
use tower_vitals::{HttpMetricsLayer, Prometheus};

use crate::support::{BoxError, Reader, Script, Step, Value, recorder};

/// A thread that uses a series often gets a copy of it, and with it the cells. It is more than often.
const WARM_UP: usize = 2_000;

/// Name, labels and value of a series. The value of a histogram is the number of its samples.
type Recorded = Vec<(String, Vec<(String, String)>, f64)>;

fn sorted(series: impl Iterator<Item = (String, Vec<(String, String)>, f64)>) -> Recorded {
    let mut series: Recorded = series
        .filter(|(name, ..)| name.starts_with("http_") || name.starts_with("rpc_"))
        .map(|(name, mut labels, value)| {
            labels.sort();
            (name, labels, value)
        })
        .collect();
    series.sort_by(|one, other| one.partial_cmp(other).unwrap());
    series
}

fn of_own(prometheus: &Prometheus) -> Recorded {
    let families = prometheus.snapshot().families;
    sorted(families.iter().flat_map(|family| {
        family.series.iter().map(|series| {
            let labels = series.labels.iter();
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let value = match &series.value {
                exporter::Value::Histogram(histogram) => histogram.count as f64,
                exporter::Value::Counter(value) | exporter::Value::Gauge(value) => *value,
            };
            (family.name.clone(), labels.collect(), value)
        })
    }))
}

fn of_facade(reader: &Reader) -> Recorded {
    let series = reader.take().0.into_iter().map(|series| {
        let value = match series.value {
            Value::Counter(value) => value as f64,
            Value::Gauge(value) => value,
            Value::Histogram(samples) => samples.len() as f64,
        };
        (series.name, series.labels, value)
    });
    sorted(series)
}

/// Lets `drive` send requests through layers of each recorder, and returns what both recorded.
fn on_both_with(drive: impl Fn(HttpMetricsBuilder)) -> Recorded {
    let prometheus = Prometheus::builder().build().unwrap();
    drive(HttpMetricsLayer::builder().recorder(prometheus.clone()));
    let own = of_own(&prometheus);
    let (recorder, reader) = recorder();
    drive(HttpMetricsLayer::builder().recorder(recorder));
    assert_eq!(own, of_facade(&reader));
    own
}

fn on_both(
    configure: impl Fn(HttpMetricsBuilder) -> HttpMetricsBuilder,
    drive: impl Fn(&HttpMetricsLayer),
) -> Recorded {
    on_both_with(|builder| drive(&configure(builder).build().unwrap()))
}

/// The sum of the series of a name that have a label with this value.
fn sum(recorded: &Recorded, name: &str, label: (&str, &str)) -> f64 {
    let has_label = |labels: &[(String, String)]| {
        let mut labels = labels.iter();
        labels.any(|(name, value)| (&**name, &**value) == label)
    };
    recorded
        .iter()
        .filter(|(is, labels, _)| is == name && has_label(labels))
        .map(|(.., value)| value)
        .sum()
}

/// A service that does as the path says: `/status/404`, `/dropped`, `/error`.
fn respond(request: Request<()>) -> Result<Response<Script>, BoxError> {
    let whole = || Script::new([Step::Data(b"ab"), Step::Data(b"c")]);
    let (_, path) = request.uri().path().split_at(1);
    let response = Response::builder();
    let response = match path.split_once('/') {
        Some(("status", code)) => response.status(code).body(whole()),
        _ => match path {
            "skipped" => response.extension(SkipMetrics).body(whole()),
            "broken" => response.body(Script::new([Step::Data(b"a"), Step::Error])),
            "body_panic" => response.body(Script::new([Step::Panic])),
            "error" => return Err("no database".into()),
            "panic" => panic!("in the handler"),
            _ => response.body(whole()),
        },
    };
    Ok(response.unwrap())
}

fn request(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

/// Sends a request and reads the response, whatever happens.
fn send<S, B>(service: &mut S, request: Request<()>)
where
    S: Service<Request<()>, Response = Response<B>>,
    B: http_body::Body,
{
    let outcome = AssertUnwindSafe(async {
        if let Ok(response) = service.call(request).await {
            let _ = AssertUnwindSafe(response.into_body().collect()).await;
        }
    });
    let sent = outcome.catch_unwind().now_or_never();
    assert!(sent.is_some(), "all services here answer at once");
}

fn every_way(layer: &HttpMetricsLayer) {
    let mut service = layer.layer(service_fn(|request| async { respond(request) }));
    for _ in 0..WARM_UP {
        send(&mut service, request("/"));
    }
    for status in [404, 201, 503, 500, 301, 404, 206, 500] {
        send(&mut service, request(&format!("/status/{status}")));
    }
    for path in ["/skipped", "/broken", "/body_panic", "/error", "/panic"] {
        send(&mut service, request(path));
    }
    // Dropped before the first poll, and in the middle of the body.
    drop(service.call(request("/")));
    let response = service.call(request("/")).now_or_never().unwrap().unwrap();
    let mut body = response.into_body();
    body.frame().now_or_never().unwrap().unwrap().unwrap();
    drop(body);
}

#[test]
fn requests_that_end_in_every_way_are_the_same() {
    let recorded = on_both(|builder| builder, every_way);
    let requests = |status| sum(&recorded, "http_requests_total", ("status", status));
    assert_eq!(requests("200"), WARM_UP as f64 + 3.0);
    assert_eq!(requests("404"), 2.0);
    assert_eq!(requests("500"), 4.0);
    assert_eq!(requests("301"), 1.0);
    assert_eq!(requests("499"), 1.0);
    let all = ("endpoint", "unmatched");
    let in_progress = sum(&recorded, "http_requests_in_progress", all);
    assert_eq!(in_progress, 0.0);
    let durations = sum(&recorded, "http_request_duration_seconds", all);
    assert_eq!(durations, sum(&recorded, "http_requests_total", all));
    assert_eq!(sum(&recorded, "http_requests_aborted_total", all), 6.0);
}

#[test]
fn all_options_are_the_same() {
    for status in [DurationStatus::Class, DurationStatus::Code] {
        on_both(|builder| builder.duration_status(status), every_way);
    }
    on_both(|builder| builder.duration_until(Until::Head), every_way);
    on_both(HttpMetricsBuilder::response_body_size, every_way);
    on_both(
        |builder| builder.naming(Naming::open_telemetry()),
        every_way,
    );
    let recorded = on_both(
        |builder| builder.response_label("kind", ["ok"], |_| Some("ok")),
        every_way,
    );
    let kind = sum(&recorded, "http_requests_total", ("kind", "ok"));
    assert_eq!(kind, WARM_UP as f64 + 11.0);
}

/// The series of an endpoint function: those in use often have cells, the others have not.
#[test]
fn many_endpoints_are_the_same() {
    let recorded = on_both(
        |builder| builder.endpoint(|parts| Some(parts.uri.path().to_owned())),
        |layer| {
            let mut service = layer.layer(service_fn(|request| async { respond(request) }));
            for number in 0..WARM_UP {
                send(&mut service, request(&format!("/often/{}", number % 3)));
                if number % 100 == 0 {
                    send(&mut service, request(&format!("/rarely/{number}")));
                }
            }
        },
    );
    let often = sum(&recorded, "http_requests_total", ("endpoint", "/often/0"));
    assert_eq!(often, (WARM_UP / 3 + 1) as f64);
    let rarely = sum(&recorded, "http_requests_total", ("endpoint", "/rarely/0"));
    assert_eq!(rarely, 1.0);
}

/// The inner layer names the endpoint of a request that the outer one counts, so the request moves between series.
#[test]
fn a_request_that_moves_between_series_is_the_same() {
    let recorded = on_both_with(|builder| {
        let outer = builder.clone().build().unwrap();
        let inner = builder.endpoint(|parts| Some(parts.uri.path().to_owned()));
        let inner = inner.build().unwrap();
        let service = service_fn(|request| async { respond(request) });
        // Both series are in use often, so they have cells.
        let mut alone = outer.layer(service);
        for _ in 0..WARM_UP {
            send(&mut alone, request("/"));
        }
        let mut both = outer.layer(inner.layer(service));
        for number in 0..WARM_UP {
            send(&mut both, request(&format!("/{}", number % 3)));
        }
        drop(both.call(request("/0")));
        let response = both.call(request("/0")).now_or_never().unwrap().unwrap();
        drop(response);
    });
    let requests = |endpoint| sum(&recorded, "http_requests_total", ("endpoint", endpoint));
    // One more: the first request that reaches the inner layer counts there, too.
    assert_eq!(requests("unmatched"), WARM_UP as f64 + 1.0);
    assert_eq!(requests("/0"), (WARM_UP / 3 + 1) as f64 + 2.0);
    let in_progress = recorded
        .iter()
        .filter(|(name, ..)| name == "http_requests_in_progress");
    assert!(in_progress.map(|(.., value)| *value).eq([0.0; 4]));
}

/// A call to a method that is not known yet is shown as unmatched until its answer decides its series.
#[test]
fn grpc_calls_are_the_same() {
    let call = |path: &str| {
        let request = Request::post(path).header("content-type", "application/grpc");
        request.body(()).unwrap()
    };
    let answer = |request: Request<()>| {
        let code = match request.uri().path() {
            "/a.B/Get" => "0",
            "/a.B/Fail" => "13",
            _ => "12",
        };
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", code)
            .body(Empty::<Bytes>::new());
        ready(Ok::<_, Infallible>(response.unwrap()))
    };
    for naming in [Naming::prometheus(), Naming::open_telemetry()] {
        let recorded = on_both(
            |builder| builder.naming(naming.clone()).grpc(),
            |layer| {
                let mut service = layer.layer(service_fn(answer));
                for number in 0..WARM_UP {
                    send(&mut service, call("/a.B/Get"));
                    send(&mut service, call(&format!("/a.B/Invented{number}")));
                }
                for path in ["/a.B/Fail", "/a.B/Get", "/a.B/Fail"] {
                    send(&mut service, call(path));
                    drop(service.call(call(path)));
                }
            },
        );
        assert!(recorded.iter().any(|(.., value)| *value >= WARM_UP as f64));
    }
}

/// A request begins on one thread and ends on another, with cells of both.
#[test]
fn a_request_that_changes_its_thread_is_the_same() {
    let recorded = on_both(
        |builder| builder,
        |layer| {
            let mut service = layer.layer(service_fn(|request| async { respond(request) }));
            let mut other = service.clone();
            let (to_other, bodies) = std::sync::mpsc::sync_channel(0);
            let thread = std::thread::spawn(move || {
                for _ in 0..WARM_UP {
                    send(&mut other, request("/"));
                }
                for body in bodies {
                    read(body);
                }
            });
            for _ in 0..WARM_UP {
                send(&mut service, request("/"));
            }
            for _ in 0..10 {
                let response = service.call(request("/")).now_or_never().unwrap().unwrap();
                to_other.send(response.into_body()).unwrap();
            }
            drop(to_other);
            thread.join().unwrap();
        },
    );
    let all = ("endpoint", "unmatched");
    let requests = 2.0 * WARM_UP as f64 + 10.0;
    assert_eq!(sum(&recorded, "http_requests_total", all), requests);
    let durations = sum(&recorded, "http_request_duration_seconds", all);
    assert_eq!(durations, requests);
    assert_eq!(sum(&recorded, "http_requests_in_progress", all), 0.0);
}

fn read(body: impl http_body::Body) {
    let mut read = pin!(body.collect());
    let poll = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(poll, Poll::Ready(Ok(_))));
}
