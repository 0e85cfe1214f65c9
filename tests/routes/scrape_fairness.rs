//! Scrapes beside greedy clients, over real sockets: a scraper is served, because requests wait for a short time, share a
//! text, and no address crowds out others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::prometheus::{Target, prometheus_answers};
use axum::Router;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};
use tower_vitals::{Prometheus, Routes};

/// The text of so many exceeds the socket buffers.
const MANY: usize = 20_000;
const SERIES: usize = 500;
const VALUE_LEN: usize = 300;

const GREEDY: usize = 8;
const SCRAPES: usize = 20;

fn prometheus(series: usize) -> Prometheus {
    let prometheus = Prometheus::builder().max_series(series).build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    for number in 0..series {
        let label = Label::new("n", format!("{number:0>VALUE_LEN$}"));
        let key = Key::from_parts("many_total", vec![label]);
        prometheus.register_counter(&key, &metadata).increment(1);
    }
    prometheus
}

/// A connection from one of the loopback's addresses.
async fn connect(from: &str, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(address).await.unwrap()
}

async fn send(stream: &mut TcpStream, path: &str, headers: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// Returns the status and the number of bytes of the body.
async fn read(stream: &mut TcpStream) -> (u16, usize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.unwrap().parse().unwrap();
    let mut left = length;
    let mut buffer = vec![0; 256 * 1024];
    while left > 0 {
        let most = left.min(buffer.len());
        left -= stream.read(&mut buffer[..most]).await.unwrap();
    }
    (head[9..12].parse().unwrap(), length)
}

/// Clients that ask without pause.
struct Greedy {
    is_over: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

impl Greedy {
    fn start(address: SocketAddr, from: &'static str) -> Self {
        let (is_over, served) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let clients = (0..GREEDY).map(|number| {
            let (is_over, served) = (Arc::clone(&is_over), Arc::clone(&served));
            tokio::spawn(async move {
                // Different formats, so that they do not share one text.
                let (path, headers) = [
                    ("/metrics", ""),
                    ("/metrics", "accept-encoding: gzip\r\n"),
                    ("/metrics/json", ""),
                    (
                        "/metrics",
                        "accept: application/openmetrics-text; version=1.0.0\r\n",
                    ),
                ][number % 4];
                let mut stream = connect(from, address).await;
                while !is_over.load(Ordering::Relaxed) {
                    send(&mut stream, path, headers).await;
                    let is_served = read(&mut stream).await.0 == 200;
                    served.fetch_add(usize::from(is_served), Ordering::Relaxed);
                }
            })
        });
        Self {
            clients: clients.collect(),
            is_over,
            served,
        }
    }

    /// Returns the number of their requests that were served.
    async fn stop(self) -> usize {
        self.is_over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
        self.served.load(Ordering::Relaxed)
    }
}

/// Scrapes at an interval beside greedy clients. Returns the number of whole scrapes.
async fn scrapes_beside_greedy_clients(address: SocketAddr, from: &'static str) -> usize {
    let greedy = Greedy::start(address, from);
    let mut times = interval(Duration::from_millis(200));
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut whole, mut longest) = (0, Duration::ZERO);
    for _ in 0..SCRAPES {
        times.tick().await;
        let asked = Instant::now();
        let mut stream = connect("127.0.0.1", address).await;
        // As Prometheus asks.
        let headers = "accept: text/plain\r\naccept-encoding: gzip\r\n";
        send(&mut stream, "/metrics", headers).await;
        let (status, length) = read(&mut stream).await;
        whole += usize::from(status == 200 && length > SERIES);
        longest = longest.max(asked.elapsed());
    }
    let served = greedy.stop().await;
    println!(
        "{whole} of {SCRAPES} scrapes, the longest in {longest:?}, beside {served} for {GREEDY} greedy clients"
    );
    whole
}

/// Serves an app that does not pass the clients' addresses on.
async fn serve_app() -> SocketAddr {
    let app: Router = Router::new().merge(Routes::new().metrics(prometheus(SERIES)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// All share one queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scraper_is_served_beside_eight_greedy_clients() {
    let address = serve_app().await;
    let whole = scrapes_beside_greedy_clients(address, "127.0.0.1").await;
    assert!(whole >= SCRAPES - 1, "{whole}");
}

/// `tests/servers` lets it scrape once a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus: tests/run"]
async fn a_real_prometheus_is_served_beside_eight_greedy_clients() {
    let address = serve_app().await;
    let target = spawn_blocking(move || Target::add(&address.to_string(), "greedy"));
    let _target = target.await.unwrap();
    let greedy = Greedy::start(address, "127.0.0.1");
    let over = |function: &str| {
        let query = format!("{function}_over_time(up{{example=\"greedy\"}}[{SCRAPES}s])");
        spawn_blocking(move || prometheus_answers(&query, |_| true))
    };
    // Those before the greedy clients leave the window.
    let mut seconds = interval(Duration::from_secs(1));
    for _ in 0..=SCRAPES {
        seconds.tick().await;
    }
    let (up, all) = (over("sum").await.unwrap(), over("count").await.unwrap());
    let served = greedy.stop().await;
    println!("{up} of {all} scrapes beside {served} for {GREEDY} greedy clients");
    assert!(
        all >= SCRAPES as f64 - 1.0 && up >= all - 1.0,
        "{up} of {all}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scraper_is_served_beside_eight_greedy_clients_of_another_address() {
    let server = Routes::new().metrics(prometheus(SERIES));
    let server = server.spawn("127.0.0.1:0").await.unwrap();
    let whole = scrapes_beside_greedy_clients(server.local_addr(), "127.0.0.2").await;
    assert!(whole >= SCRAPES - 1, "{whole}");
}

/// An address holds at most half of the texts that wait to be read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_of_one_address_leave_room_for_others() {
    const MOST: usize = 8;
    let server = Routes::new().metrics(prometheus(MANY));
    let server = server.spawn("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let mut slow = Vec::new();
    for number in 0..=MOST {
        let mut stream = connect("127.0.0.2", address).await;
        send(&mut stream, "/metrics", "").await;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        let expected = if number < MOST {
            b"HTTP/1.1 200"
        } else {
            b"HTTP/1.1 503"
        };
        assert_eq!(&status, expected, "{number}");
        slow.push(stream);
    }
    let mut stream = connect("127.0.0.1", address).await;
    send(&mut stream, "/metrics", "").await;
    assert_eq!(read(&mut stream).await.0, 200);
}
