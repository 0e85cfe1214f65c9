//! The effect of scrapes on concurrent requests: `cargo bench --bench scrape_beside`.
//!
//! An axum service with the layer runs on two workers and serves requests that take a millisecond, by a timer or by
//! computing. Its `/metrics` has 100,000 series. A client process sends 100 requests a second at fixed times, on eight open
//! connections. In some rows, a second process reads all of `/metrics` each second.
//!
//! A latency runs from the time at which the request was due until its response was read. It includes the handler's
//! millisecond, the sockets, and the time that the service or the client waited for a core. On two cores a render occupies
//! one of them, and sending the text to a reader on the same machine briefly occupies both: 100,000 histograms are 93 MiB.
//! The computing handler does a fixed amount of work, so that the time for which it is preempted counts.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

mod support;

use std::env;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tower_vitals::{HttpMetricsLayer, Prometheus, Routes};

use self::support::print_processor;

const SERIES: usize = 100_000;
const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

const CONNECTIONS: u32 = 8;
/// The rate of all connections together.
const PACE: Duration = Duration::from_millis(10);
const REQUESTS_EACH: u32 = 125;
const SCRAPE_EVERY: Duration = Duration::from_secs(1);
const SCRAPES: u32 = 10;

/// Followed by `counters` or `histograms`: measures only those.
const ONLY: &str = "--only";
const LOAD: &str = "load";
const SCRAPE: &str = "scrape";
const ANSWER: &str = "done\n";

fn main() {
    // `cargo bench` adds options.
    let args: Vec<_> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [LOAD, address, path] => load(address.parse().unwrap(), path),
        [SCRAPE, address] => scrape(address.parse().unwrap()),
        [ONLY, kind, ..] => table(Some(kind)),
        _ => table(None),
    }
}

fn table(only: Option<&str>) {
    print_processor();
    let work = a_millisecond_of_work();
    println!(
        "{:<28}{:<18}{:>9}{:>9}{:>9}{:>9}{:>18}{:>14}{:>17}",
        "ms", "", "requests", "p50", "p99", "max", "p99, more by", "p99, times", "a scrape takes"
    );
    for (kind, is_histogram) in [("counters", false), ("histograms", true)] {
        if only.is_some_and(|only| only != kind) {
            continue;
        }
        let (_runtime, address) = serve(recorder(is_histogram), work);
        for (handler, path) in [("timer", "/timer"), ("computing", "/computing")] {
            let alone = Latencies::of(start(&[LOAD, &address.to_string(), path]));
            alone.print(
                &format!("100k {kind}, {handler}"),
                "no scrapes",
                ["", "", ""],
            );

            let scrapes = start(&[SCRAPE, &address.to_string()]);
            let beside = Latencies::of(start(&[LOAD, &address.to_string(), path]));
            let scrapes = Latencies::of(scrapes);
            let more = format!("{:.2} (<= 5)", beside.at(99) - alone.at(99));
            let times = format!("{:.2}", beside.at(99) / alone.at(99));
            let takes = format!("{:.0}", scrapes.at(50));
            beside.print("", "one each second", [&more, &times, &takes]);
        }
    }
}

fn recorder(is_histogram: bool) -> Prometheus {
    let prometheus = Prometheus::builder()
        .max_series(SERIES)
        .buckets("wait_seconds", &BOUNDS)
        .build()
        .unwrap();
    let metadata = Metadata::new("bench", Level::INFO, None);
    for n in 0..SERIES {
        let labels = vec![
            Label::new("method", "GET"),
            Label::new("endpoint", format!("/users/{n}/orders")),
        ];
        if is_histogram {
            let key = Key::from_parts("wait_seconds", labels);
            let wait = prometheus.register_histogram(&key, &metadata);
            wait.record_many(0.02, 3);
        } else {
            let key = Key::from_parts("requests_total", labels);
            prometheus.register_counter(&key, &metadata).increment(1);
        }
    }
    prometheus
}

fn serve(prometheus: Prometheus, work: u64) -> (Runtime, SocketAddr) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let timer = || async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        ANSWER
    };
    let computing = move || async move {
        compute(work);
        ANSWER
    };
    let app: Router = Router::new()
        .route("/timer", get(timer))
        .route("/computing", get(computing))
        .layer(
            HttpMetricsLayer::builder()
                .recorder(prometheus.clone())
                .build()
                .unwrap(),
        )
        .merge(Routes::new().metrics(prometheus));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, app).await });
    (runtime, address)
}

fn compute(rounds: u64) {
    let mut state = black_box(1_u64);
    for _ in 0..rounds {
        // Each round depends on the one before: xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}

/// The number of rounds that take a millisecond on an undisturbed core, by the best of many tries.
fn a_millisecond_of_work() -> u64 {
    let rounds = 1_000_000;
    let tries = (0..50).map(|_| {
        let began = Instant::now();
        compute(rounds);
        began.elapsed()
    });
    let best = tries.min().unwrap();
    rounds * 1_000_000 / u64::try_from(best.as_nanos()).unwrap()
}

/// Starts this program again, as a client.
fn start(args: &[&str]) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Milliseconds, sorted.
struct Latencies(Vec<f64>);

impl Latencies {
    /// Parses the output of a client.
    fn of(client: Child) -> Self {
        let output = client.wait_with_output().unwrap();
        assert!(output.status.success());
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut all: Vec<f64> = printed.lines().map(|line| line.parse().unwrap()).collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    fn at(&self, percent: usize) -> f64 {
        let rank = (percent * self.0.len()).div_ceil(100);
        self.0[rank - 1]
    }

    fn print(&self, what: &str, scrapes: &str, [more, times, takes]: [&str; 3]) {
        let (p50, p99, max) = (self.at(50), self.at(99), self.at(100));
        let requests = self.0.len();
        println!(
            "{what:<28}{scrapes:<18}{requests:>9}{p50:>9.2}{p99:>9.2}{max:>9.2}{more:>18}{times:>14}{takes:>17}"
        );
    }
}

/// Eight connections that take turns; prints each latency.
fn load(address: SocketAddr, path: &str) {
    let began = Instant::now() + Duration::from_millis(100);
    let ask = |connection: u32| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        let ask = |number: u32| {
            let due = began + PACE * (number * CONNECTIONS + connection);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            stream.write_all(request.as_bytes()).unwrap();
            read_answer(&mut stream);
            due.elapsed()
        };
        (0..REQUESTS_EACH).map(ask).collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|connection| scope.spawn(move || ask(connection)))
            .collect();
        for client in clients {
            client.join().unwrap().into_iter().for_each(print);
        }
    });
}

fn read_answer(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    while !answer.ends_with(ANSWER.as_bytes()) {
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "the service hung up");
        answer.extend_from_slice(&part[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
}

/// Scrapes repeatedly and prints the duration of each scrape.
fn scrape(address: SocketAddr) {
    let began = Instant::now();
    for number in 0..SCRAPES {
        let due = began + SCRAPE_EVERY * number;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let asked = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).unwrap();
        let read = read_all(&mut stream);
        assert!(read > SERIES * 10, "{read} bytes are no answer");
        print(asked.elapsed());
    }
}

/// Discards the response, so that the client's cost stays small.
fn read_all(stream: &mut TcpStream) -> usize {
    let mut part = vec![0; 64 * 1024];
    let mut all = 0;
    loop {
        match stream.read(&mut part).unwrap() {
            0 => return all,
            read => all += read,
        }
    }
}

fn print(latency: Duration) {
    println!("{}", latency.as_secs_f64() * 1e3);
}
