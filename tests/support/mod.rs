//! Shared by the tests: a recorder that is read by name and labels, and scripted bodies.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

pub mod disk;
pub mod example;
#[cfg(feature = "prometheus")]
pub mod exposition;
#[cfg(feature = "jobs")]
pub mod faulty;
#[cfg(feature = "health")]
pub mod health;
pub mod log;
pub mod own_prometheus;
pub mod postgres;
pub mod prometheus;
pub mod python;
pub mod smtp;
pub mod tls;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tower::{Layer, Service, ServiceExt};
use tower_vitals::HttpMetricsLayer;

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A recorder for a layer, and the reader of its values.
pub fn recorder() -> (DebuggingRecorder, Reader) {
    let recorder = DebuggingRecorder::new();
    let reader = Reader {
        snapshotter: recorder.snapshotter(),
        taken: Mutex::default(),
    };
    (recorder, reader)
}

/// Adds up snapshots, because the debugging recorder starts from zero at each one.
pub struct Reader {
    snapshotter: Snapshotter,
    taken: Mutex<Vec<Series>>,
}

impl Reader {
    /// Everything recorded so far.
    pub fn take(&self) -> Taken {
        let mut taken = self.taken.lock().unwrap();
        for (key, unit, help, value) in self.snapshotter.snapshot().into_vec() {
            let (kind, key) = key.into_parts();
            let mut labels: Vec<_> = key
                .labels()
                .map(|label| (label.key().to_owned(), label.value().to_owned()))
                .collect();
            labels.sort();
            let known = taken.iter_mut().find(|series| {
                series.name == key.name() && series.kind == kind && series.labels == labels
            });
            match known {
                Some(series) => series.value.add(value.into()),
                None => taken.push(Series {
                    name: key.name().to_owned(),
                    kind,
                    labels,
                    unit,
                    help: help.map(|help| help.to_string()),
                    value: value.into(),
                }),
            }
        }
        Taken(taken.clone())
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Counter(u64),
    Gauge(f64),
    Histogram(Vec<f64>),
}

impl From<DebugValue> for Value {
    fn from(value: DebugValue) -> Self {
        match value {
            DebugValue::Counter(value) => Self::Counter(value),
            DebugValue::Gauge(value) => Self::Gauge(value.0),
            DebugValue::Histogram(samples) => {
                Self::Histogram(samples.into_iter().map(|sample| sample.0).collect())
            }
        }
    }
}

impl Value {
    fn add(&mut self, more: Self) {
        match (self, more) {
            (Self::Counter(sum), Self::Counter(more)) => *sum += more,
            (Self::Gauge(sum), Self::Gauge(more)) => *sum += more,
            (Self::Histogram(all), Self::Histogram(more)) => all.extend(more),
            (sum, more) => panic!("{sum:?} became {more:?}"),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Series {
    pub name: String,
    pub kind: MetricKind,
    pub labels: Vec<(String, String)>,
    pub unit: Option<metrics::Unit>,
    pub help: Option<String>,
    pub value: Value,
}

#[derive(Debug)]
pub struct Taken(pub Vec<Series>);

impl Taken {
    pub fn family<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Series> {
        self.0.iter().filter(move |series| series.name == name)
    }

    /// The series of `name` that have all of `labels`.
    pub fn having<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&str, &str)],
    ) -> impl Iterator<Item = &'a Series> {
        self.family(name).filter(move |series| {
            labels.iter().all(|(label, value)| {
                series
                    .labels
                    .iter()
                    .any(|(name, is)| name == label && is == value)
            })
        })
    }

    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.having(name, labels)
            .map(|series| match series.value {
                Value::Counter(value) => value,
                ref other => panic!("{name} is no counter: {other:?}"),
            })
            .sum()
    }

    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.having(name, labels)
            .map(|series| match series.value {
                Value::Gauge(value) => value,
                ref other => panic!("{name} is no gauge: {other:?}"),
            })
            .sum()
    }

    pub fn samples(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        self.having(name, labels)
            .flat_map(|series| match &series.value {
                Value::Histogram(samples) => samples.iter().copied(),
                other => panic!("{name} is no histogram: {other:?}"),
            })
            .collect()
    }

    /// The distinct values of a label, sorted.
    pub fn values(&self, name: &str, label: &str) -> Vec<String> {
        let mut values: Vec<_> = self
            .family(name)
            .flat_map(|series| &series.labels)
            .filter(|(name, _)| name == label)
            .map(|(_, value)| value.clone())
            .collect();
        values.sort();
        values.dedup();
        values
    }

    pub fn requests(&self) -> u64 {
        self.counter("http_requests_total", &[])
    }

    pub fn with_status(&self, status: &str) -> u64 {
        self.counter("http_requests_total", &[("status", status)])
    }

    pub fn aborted(&self, reason: &str) -> u64 {
        self.counter("http_requests_aborted_total", &[("reason", reason)])
    }

    pub fn all_aborted(&self) -> u64 {
        self.counter("http_requests_aborted_total", &[])
    }

    pub fn in_progress(&self) -> f64 {
        self.gauge("http_requests_in_progress", &[])
    }

    pub fn durations(&self) -> Vec<f64> {
        self.samples("http_request_duration_seconds", &[])
    }

    /// Asserts one request with this status: aborted for `reason` or not at all, with one duration, and not in progress.
    #[track_caller]
    pub fn assert_one(&self, status: &str, reason: Option<&str>) {
        assert_eq!(self.requests(), 1, "{self:?}");
        assert_eq!(self.with_status(status), 1, "{self:?}");
        assert_eq!(self.durations().len(), 1, "{self:?}");
        assert_eq!(self.in_progress(), 0.0, "{self:?}");
        assert_eq!(self.all_aborted(), u64::from(reason.is_some()), "{self:?}");
        if let Some(reason) = reason {
            assert_eq!(self.aborted(reason), 1, "{self:?}");
        }
    }
}

/// A step of a [`Script`].
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Data(&'static [u8]),
    Trailers,
    Pending,
    Error,
    Panic,
}

/// A body that follows a script. It never reports its end before it is polled.
#[derive(Debug, Default)]
pub struct Script(pub VecDeque<Step>, pub Option<u64>);

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect(), None)
    }

    /// A script with an exact size hint.
    pub fn sized(size: u64, steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect(), Some(size))
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.0.pop_front() {
            None => Poll::Ready(None),
            Some(Step::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data.into())))),
            Some(Step::Trailers) => {
                Poll::Ready(Some(Ok(Frame::trailers(http::HeaderMap::default()))))
            }
            Some(Step::Pending) => Poll::Pending,
            Some(Step::Error) => Poll::Ready(Some(Err("the body broke".into()))),
            Some(Step::Panic) => panic!("the body panicked"),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.1.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A metrics layer that records to `recorder`.
pub fn layer(recorder: impl metrics::Recorder + Send + Sync + 'static) -> HttpMetricsLayer {
    HttpMetricsLayer::builder()
        .recorder(recorder)
        .build()
        .unwrap()
}

/// The metrics layer around a service that calls `respond`.
pub fn measured<B>(
    layer: HttpMetricsLayer,
    respond: impl Fn(Request<()>) -> Response<B> + Clone,
) -> impl Service<
    Request<()>,
    Response = Response<tower_vitals::http_metrics::body::ResponseBody<B>>,
    Error = Infallible,
    Future: Future,
> + Clone
where
    B: Body,
{
    layer.layer(tower::service_fn(move |request| {
        std::future::ready(Ok::<_, Infallible>(respond(request)))
    }))
}

pub fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

/// Calls a clone of the service and returns its response.
pub async fn call<S, B, C>(service: &S, request: Request<B>) -> Response<C>
where
    S: Service<Request<B>, Response = Response<C>, Error = Infallible> + Clone,
{
    match service.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Polls `holds` until it returns true. Panics with `description` after ten seconds.
#[track_caller]
pub fn until(description: &str, holds: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    async move {
        while !holds().await {
            assert!(
                tokio::time::Instant::now() < deadline,
                "timed out after ten seconds: {description}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

/// A variable that `tests/servers up` prints.
#[track_caller]
pub fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: tests/servers up prints it"))
}

/// Replaces the password of a URL.
pub fn with_password(url: &str, password: &str) -> String {
    let (before, host) = url.rsplit_once('@').unwrap();
    let (user, _) = before.rsplit_once(':').unwrap();
    format!("{user}:{password}@{host}")
}

/// Sends a request on a connection of its own. Returns the status and the body.
pub async fn request(address: &str, path: &str) -> std::io::Result<(u16, String)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let status = response.get(9..12).and_then(|status| status.parse().ok());
    let body = response
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    status
        .zip(body)
        .ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}
