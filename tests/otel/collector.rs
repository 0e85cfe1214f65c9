//! A collector of traces, over HTTP and gRPC, that keeps what it gets and can misbehave.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the tests of this binary use it, without axum a part of it"
)]

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tower_vitals::telemetry::otel::{Protocol, Tracing, TracingBuilder};

/// How the collector answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    Takes,
    /// Takes all spans but these.
    Rejects(i64),
    /// Answers with this status of HTTP, or the corresponding one of gRPC.
    Refuses(u16),
    /// Answers with the status 503 and this `Retry-After`.
    Busy(&'static str),
    /// Never answers.
    Hangs,
    /// A request with more spans than these is too large.
    AtMost(usize),
    /// The same, and the others are never answered.
    HangsAtMost(usize),
}

#[derive(Debug)]
struct Kept {
    mode: Mode,
    requests: Vec<ExportTraceServiceRequest>,
    headers: Vec<HeaderMap>,
    attempts: usize,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Kept>>);

/// Runs in a thread of its own, so that tests with a runtime of one thread may block.
pub struct Collector {
    pub protocol: Protocol,
    pub address: SocketAddr,
    kept: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Keeps the port from other tests while nobody listens.
    port: Option<TcpSocket>,
}

pub const BOTH: [Protocol; 2] = [Protocol::Grpc, Protocol::HttpProtobuf];

impl Collector {
    pub fn start(protocol: Protocol) -> Self {
        let kept = Kept {
            mode: Mode::Takes,
            requests: Vec::new(),
            headers: Vec::new(),
            attempts: 0,
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut collector = Self {
            protocol,
            address: listener.local_addr().unwrap(),
            kept: Shared(Arc::new(Mutex::new(kept))),
            stop: None,
            thread: None,
            port: None,
        };
        collector.serve(listener);
        collector
    }

    fn serve(&mut self, listener: std::net::TcpListener) {
        let (stop, stopped) = oneshot::channel();
        let (kept, protocol) = (self.kept.clone(), self.protocol);
        listener.set_nonblocking(true).unwrap();
        self.stop = Some(stop);
        self.thread = Some(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(protocol, listener, kept) => {}
                    _ = stopped => {}
                }
            });
        }));
    }

    /// Closes all connections, and refuses others.
    pub fn stop(&mut self) {
        self.end();
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(self.address).unwrap();
        self.port = Some(port);
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Serves the same port again.
    pub fn restart(&mut self) {
        drop(self.port.take());
        self.serve(std::net::TcpListener::bind(self.address).unwrap());
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A builder that exports to this collector quickly.
    pub fn builder(&self) -> TracingBuilder {
        Tracing::builder()
            .protocol(self.protocol)
            .endpoint(&self.url())
            .service_name("shop")
            .batch_delay(Duration::from_millis(10))
    }

    pub fn answer(&self, mode: Mode) {
        self.kept.0.lock().unwrap().mode = mode;
    }

    pub fn attempts(&self) -> usize {
        self.kept.0.lock().unwrap().attempts
    }

    pub fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        self.kept.0.lock().unwrap().requests.clone()
    }

    pub fn headers(&self) -> Vec<HeaderMap> {
        self.kept.0.lock().unwrap().headers.clone()
    }

    pub fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|it| it.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// Waits until the collector has this many spans, and returns them by name.
    pub fn wait_for(&self, count: usize) -> Vec<Span> {
        until(&format!("{count} spans"), || self.spans().len() >= count);
        let mut spans = self.spans();
        spans.sort_by(|a, b| a.name.cmp(&b.name));
        spans
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits for a condition, at most 20 s.
pub fn until(what: &str, is_true: impl FnMut() -> bool) {
    until_each(Duration::from_millis(2), what, is_true);
}

/// The same for a condition that is expensive to ask for.
pub fn until_each(pause: Duration, what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_true() {
        assert!(Instant::now() < deadline, "no {what}");
        std::thread::sleep(pause);
    }
}

pub fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|it| it.key == key)?;
    Some(match found.value.clone()?.value? {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::BoolValue(is_true) => is_true.to_string(),
        other => format!("{other:?}"),
    })
}

/// The number of spans in a request.
pub fn count(request: &ExportTraceServiceRequest) -> usize {
    let scopes = request.resource_spans.iter().flat_map(|it| &it.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

async fn serve(protocol: Protocol, listener: TcpListener, kept: Shared) {
    if protocol == Protocol::HttpProtobuf {
        let app = Router::new()
            .route("/v1/traces", post(take_http))
            .with_state(kept);
        axum::serve(listener, app).await.unwrap();
    } else {
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(kept))
            .serve_with_incoming(incoming)
            .await
            .unwrap();
    }
}

impl Shared {
    async fn take(
        &self,
        headers: HeaderMap,
        request: ExportTraceServiceRequest,
    ) -> Result<ExportTraceServiceResponse, (u16, Option<&'static str>)> {
        let mode = {
            let mut kept = self.0.lock().unwrap();
            kept.attempts += 1;
            let is_too_large = matches!(
                kept.mode,
                Mode::AtMost(most) | Mode::HangsAtMost(most) if count(&request) > most
            );
            if is_too_large {
                return Err((413, None));
            }
            if matches!(kept.mode, Mode::Takes | Mode::Rejects(_) | Mode::AtMost(_)) {
                kept.requests.push(request);
                kept.headers.push(headers);
            }
            kept.mode
        };
        let rejected = match mode {
            Mode::Takes | Mode::AtMost(_) => 0,
            Mode::Rejects(rejected) => rejected,
            Mode::Refuses(status) => return Err((status, None)),
            Mode::Busy(retry_after) => return Err((503, Some(retry_after))),
            Mode::Hangs | Mode::HangsAtMost(_) => std::future::pending().await,
        };
        let partial_success = (rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: rejected,
            error_message: "too long".to_owned(),
        });
        Ok(ExportTraceServiceResponse { partial_success })
    }
}

async fn take_http(State(kept): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    match kept.take(headers, request).await {
        Ok(response) => response.encode_to_vec().into_response(),
        Err((status, retry_after)) => {
            let status = StatusCode::from_u16(status).unwrap();
            let mut headers = HeaderMap::new();
            if let Some(after) = retry_after {
                headers.insert("retry-after", HeaderValue::from_static(after));
            }
            (status, headers).into_response()
        }
    }
}

#[tonic::async_trait]
impl TraceService for Shared {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let (metadata, _, request) = request.into_parts();
        match self.take(metadata.into_headers(), request).await {
            Ok(response) => Ok(tonic::Response::new(response)),
            Err((503, _)) => Err(tonic::Status::unavailable("busy")),
            // That of a collector in Go.
            Err((413, _)) => Err(tonic::Status::resource_exhausted(
                "grpc: received message larger than max (7 vs. 4)",
            )),
            Err(_) => Err(tonic::Status::invalid_argument("bad spans")),
        }
    }
}
