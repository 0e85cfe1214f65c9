//! A service with log files under a steady load of requests.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tower_vitals::telemetry::logging::{Console, Logging, LoggingHandle};
use tower_vitals::{HttpLayer, HttpMetricsLayer, Prometheus, RequestIdLayer, RequestLogLayer};

const CLIENTS: usize = 16;
/// Of one client, so that all of them send 2,000 requests a second.
const INTERVAL: Duration = Duration::from_millis(8);
const REQUEST: &[u8] = b"GET /orders/7?page=2 HTTP/1.1\r\nhost: shop\r\n\r\n";
const ANSWER: &[u8] = b"order 7";

/// The windows whose requests are measured.
#[derive(Clone, Copy)]
pub(crate) enum Window {
    Before,
    During,
}

const WINDOWS: usize = 2;

/// The load on a service in this process. Each of its requests writes a line to `alerts.log` and two to `app.jsonl`.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
    pub(crate) logging: LoggingHandle,
    prometheus: Prometheus,
}

struct Shared {
    window: AtomicUsize,
    /// Latencies in nanoseconds.
    latencies: [Mutex<Vec<f64>>; WINDOWS],
    is_over: AtomicBool,
}

impl Load {
    pub(crate) fn start(folder: &Path) -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let logging = Logging::builder()
            .console(Console::Off)
            .folder(folder)
            .json_file(true)
            // Small queues, so that lines are lost as well.
            .files(|file| file.max_bytes(0).queue_bytes(128 * 1024))
            .recorder(prometheus.clone())
            .init()
            .unwrap();
        let address = serve(&prometheus);
        let shared = Arc::new(Shared {
            window: AtomicUsize::new(WINDOWS),
            latencies: [Mutex::default(), Mutex::default()],
            is_over: AtomicBool::new(false),
        });
        let clients = (0..CLIENTS).map(|client| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || send(address, client, &shared))
        });
        Self {
            clients: clients.collect(),
            shared,
            logging,
            prometheus,
        }
    }

    /// Requests that begin from now on are measured in this window, or not at all.
    pub(crate) fn set_window(&self, window: Option<Window>) {
        let window = window.map_or(WINDOWS, |window| window as usize);
        self.shared.window.store(window, Ordering::Relaxed);
    }

    /// The latency that one of 100 requests exceeds, in microseconds, for both windows. Forgets them.
    pub(crate) fn take_p99(&self) -> [f64; WINDOWS] {
        self.shared.latencies.each_ref().map(|latencies| {
            let mut latencies = std::mem::take(&mut *latencies.lock().unwrap());
            latencies.sort_unstable_by(f64::total_cmp);
            assert!(latencies.len() > 100, "{} requests", latencies.len());
            latencies[latencies.len() * 99 / 100] / 1000.0
        })
    }

    /// The lines that the files lost so far.
    pub(crate) fn lost(&self) -> f64 {
        let text = self.prometheus.render();
        let lines = text.lines();
        let lost = lines.filter(|line| line.starts_with("monitoring_log_lines_dropped_total{"));
        lost.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }

    pub(crate) fn end(self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
    }
}

async fn show_order() -> &'static str {
    tracing::warn!(order = 7, "the order is late");
    "order 7"
}

/// Serves in two threads of its own.
fn serve(prometheus: &Prometheus) -> SocketAddr {
    let metrics = HttpMetricsLayer::builder()
        .recorder(prometheus.clone())
        .build()
        .unwrap();
    let app = Router::new().route("/orders/{id}", get(show_order)).layer(
        HttpLayer::new()
            .metrics(metrics)
            .request_id(RequestIdLayer::new())
            .log(RequestLogLayer::new()),
    );
    let (sender, address) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    address.recv().unwrap()
}

/// A client that sends at fixed times. A request that has to wait for the answer before it counts from the time at which it was due.
fn send(address: SocketAddr, client: usize, shared: &Shared) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    let mut due = Instant::now() + INTERVAL * u32::try_from(client).unwrap() / 16;
    while !shared.is_over.load(Ordering::Relaxed) {
        let left = due.saturating_duration_since(Instant::now());
        let started = if left.is_zero() {
            due
        } else {
            std::thread::sleep(left);
            Instant::now()
        };
        let window = shared.window.load(Ordering::Relaxed);
        stream.write_all(REQUEST).unwrap();
        let mut length = 0;
        while !buffer[..length].ends_with(ANSWER) {
            let read = stream.read(&mut buffer[length..]).unwrap();
            assert!(read > 0, "the service closed the connection");
            length += read;
        }
        let latency = started.elapsed().as_nanos() as f64;
        if let Some(latencies) = shared.latencies.get(window) {
            latencies.lock().unwrap().push(latency);
        }
        due += INTERVAL;
    }
}
