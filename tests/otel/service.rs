//! A service in a process of its own, with a log, metrics and traces: this binary starts itself.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::{StreamExt, stream};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::TcpListener;
use tower_vitals::exporter::ExemplarLabels;
use tower_vitals::telemetry::logging::Logging;
use tower_vitals::telemetry::otel::Tracing;
use tower_vitals::{
    Health, HttpLayer, HttpMetricsLayer, Prometheus, RequestIdLayer, RequestLogLayer, Routes,
    ServerSpanLayer, Settings,
};

use crate::collector::until;

/// Set in the process of the service.
const IS_SERVICE: &str = "OTEL_TEST_SERVICE";

/// The time in which the service must have sent its spans.
pub(crate) const FLUSH: Duration = Duration::from_secs(2);

/// The most time that a step of a test may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Lines that the service logs at its end.
pub(crate) const LAST_WORDS: usize = 1000;

/// The service. As one of the tests, it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service() {
    if std::env::var_os(IS_SERVICE).is_none() {
        return;
    }
    let prometheus = Prometheus::builder().exemplars(ExemplarLabels::of_current_span);
    let prometheus = prometheus.install().unwrap();
    let traces = Tracing::from_env().unwrap().run().unwrap();
    let settings = Settings::from_env().unwrap();
    let logging = Logging::from_settings(&settings).unwrap();
    let logging = logging.init_with(traces.layer()).unwrap();
    let health = Health::builder().build().unwrap();
    let app = Router::new()
        .route("/orders", get(orders))
        .route("/report", get(report))
        .merge(Routes::new().metrics(prometheus))
        .layer(
            HttpLayer::new()
                .request_id(RequestIdLayer::new())
                .metrics(HttpMetricsLayer::new())
                .log(RequestLogLayer::new())
                .span(ServerSpanLayer::new()),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shutdown = health.shutdown_signal().delay(Duration::ZERO);
    let serve = shutdown.run(|stop| {
        println!("\nlistening on {}", listener.local_addr().unwrap());
        axum::serve(listener, app).with_graceful_shutdown(stop)
    });
    serve.await.unwrap();
    let counts = traces.shutdown(FLUSH).await;
    // These lines are still in the queue when the log is told to end.
    (0..LAST_WORDS).for_each(|number| tracing::info!(number, "last words"));
    logging.shutdown(FLUSH).unwrap();
    println!("\nexported {} lost {}", counts.exported, counts.lost());
}

async fn orders() -> &'static str {
    tracing::info!("the orders are shown");
    "orders"
}

/// Takes a while.
async fn report() -> Body {
    let parts = stream::iter(0..4).then(async |part| {
        tokio::time::sleep(Duration::from_millis(25)).await;
        Ok::<_, std::io::Error>(format!("part {part}"))
    });
    Body::from_stream(Box::pin(parts))
}

/// A service that runs. Killed on drop.
pub(crate) struct Service {
    process: Child,
    /// Its standard output, read all the time because a full pipe would block the service.
    lines: Receiver<String>,
    folder: PathBuf,
    pub(crate) name: String,
    pub(crate) address: String,
}

impl Service {
    /// Starts the service with these variables beside its name and the folder of its log.
    pub(crate) fn start(vars: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("vitals-otel-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "service::service", "--nocapture"])
            .env(IS_SERVICE, "1")
            .env("LOG_DIR", &folder)
            .env("ENABLE_JSON_LOGGING", "true")
            .env("OTEL_SERVICE_NAME", &name)
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .envs(vars.iter().copied());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let (line, lines) = channel();
        std::thread::spawn(move || output.for_each(|it| drop(line.send(it.unwrap()))));
        let mut service = Self {
            process,
            lines,
            folder,
            name,
            address: String::new(),
        };
        service.address = service.line("listening on ");
        service
    }

    /// Waits for a line that begins so, and returns the rest of it.
    fn line(&self, prefix: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|error| panic!("no {prefix:?}: {error}"));
            if let Some(rest) = line.strip_prefix(prefix) {
                return rest.to_owned();
            }
        }
    }

    /// The bytes of memory that it takes now.
    pub(crate) fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    }

    pub(crate) fn terminate(&self) {
        terminate(&self.process);
    }

    /// Waits for the end, which must be a success. Returns the numbers of spans that were exported and lost.
    pub(crate) fn end(&mut self) -> (u64, u64) {
        let counts = self.line("exported ");
        let (exported, lost) = counts.split_once(" lost ").unwrap();
        let counts = (exported.parse().unwrap(), lost.parse().unwrap());
        assert!(wait(&mut self.process).success());
        counts
    }

    /// The lines of its log with this message.
    pub(crate) fn logged(&self, message: &str) -> Vec<Value> {
        let files = std::fs::read_dir(&self.folder).unwrap();
        let files = files.map(|file| file.unwrap().path());
        // With the backups.
        let files = files.filter(|file| file.to_string_lossy().contains("/app.jsonl"));
        let text: String = files
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line["message"] == message)
            .collect()
    }

    /// The traces of the requests in its log.
    pub(crate) fn requests(&self) -> BTreeSet<String> {
        let lines = self.logged("request");
        let traces = lines
            .iter()
            .map(|line| line["trace_id"].as_str().unwrap().to_owned());
        let traces: BTreeSet<_> = traces.collect();
        assert_eq!(traces.len(), lines.len(), "a request is logged twice");
        traces
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Waits for the end of a process.
pub(crate) fn wait(process: &mut Child) -> ExitStatus {
    let mut status = None;
    until("end of the process", || {
        status = process.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

pub(crate) fn terminate(process: &Child) {
    let kill = Command::new("kill")
        .args(["-TERM", &process.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// A client whose requests each have a trace of their own.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client<HttpConnector, Empty<bytes::Bytes>>,
    address: String,
}

impl Caller {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address: address.to_owned(),
        }
    }

    /// Returns the id of the request's trace once all of the answer is there. `None` if there is none.
    pub(crate) async fn ask(&self, path: &str) -> Option<String> {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let trace = format!(
            "{:016x}{:016x}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let request = Request::get(format!("http://{}{path}", self.address))
            .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
        let request = request.body(Empty::new()).unwrap();
        let response = self.client.request(request).await.ok()?;
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.ok()?;
        Some(trace)
    }
}
