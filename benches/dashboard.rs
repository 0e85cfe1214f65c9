//! The cost of the dashboard's viewers: `cargo bench --bench dashboard --features dashboard`.
//!
//! A service with 1,000 endpoints and 10,000 series, all of whose endpoints get requests every second. Another process views it
//! over sockets. Each figure is the CPU time of the service per second, above that of the same service without viewers, over 20
//! seconds, measured once. The service alone and the snapshot come first, so a drift of the machine is in all ratios. One snapshot
//! per second is the measure for one viewer, and one viewer is the measure for 50. The last two lines are without sockets, because
//! 50 writes to sockets cost more than the frame. A stream ends after 60 seconds, so a measurement must be shorter.
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
use std::process::{Child, Command};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use rustix::time::{ClockId, clock_gettime};
use tower::ServiceExt;
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

use self::support::print_processor;

const ENDPOINTS: usize = 1_000;
const STATUSES: [&str; 3] = ["200", "404", "500"];
/// With the five series of each endpoint, 10,000 series.
const OTHER_FAMILIES: usize = 10;
const OTHER_SERIES: usize = 500;
const SECONDS: u64 = 20;
/// The argument that makes this program a viewer.
const VIEW: &str = "--view";

struct Service {
    prometheus: Prometheus,
    requests: Vec<Counter>,
    durations: Vec<Histogram>,
    others: Vec<Counter>,
    _gauges: Vec<Gauge>,
}

fn service() -> Service {
    let prometheus = Prometheus::builder().max_series(10_000).build().unwrap();
    let metadata = Metadata::new("bench", Level::INFO, None);
    let labels = |n: usize| {
        vec![
            Label::new("method", "GET"),
            Label::new("endpoint", format!("/shops/{{shop}}/departments/{n}")),
        ]
    };
    let key = |name: &'static str, n| Key::from_parts(name, labels(n));
    let mut requests = Vec::new();
    for n in 0..ENDPOINTS {
        for status in STATUSES {
            let mut labels = labels(n);
            labels.push(Label::new("status", status));
            let key = Key::from_parts("http_requests_total", labels);
            requests.push(prometheus.register_counter(&key, &metadata));
        }
    }
    let durations = (0..ENDPOINTS).map(|n| {
        prometheus.register_histogram(&key("http_request_duration_seconds", n), &metadata)
    });
    let gauges = (0..ENDPOINTS)
        .map(|n| prometheus.register_gauge(&key("http_requests_in_progress", n), &metadata));
    let mut others = Vec::new();
    for family in 0..OTHER_FAMILIES {
        for n in 0..OTHER_SERIES {
            let labels = vec![Label::new("kind", format!("kind-{n}"))];
            let key = Key::from_parts(format!("events_of_family_{family}_total"), labels);
            others.push(prometheus.register_counter(&key, &metadata));
        }
    }
    Service {
        requests,
        durations: durations.collect(),
        others,
        _gauges: gauges.collect(),
        prometheus,
    }
}

impl Service {
    /// The requests of one second: some at each endpoint.
    fn work(&self, second: usize) {
        for (n, requests) in self.requests.iter().enumerate() {
            // One endpoint in 50 fails now and then.
            let fails = n % STATUSES.len() == 2;
            if !fails || (n + second).is_multiple_of(50) {
                requests.increment(1 + ((n + second) % 7) as u64);
            }
        }
        for (n, durations) in self.durations.iter().enumerate() {
            durations.record_many(0.001 * (1 + (n * 7 + second) % 300) as f64, 5);
            durations.record(0.0317 * (1 + (n + second) % 90) as f64);
        }
        for other in self.others.iter().step_by(50) {
            other.increment(1);
        }
    }

    /// The milliseconds of CPU time per second while the service works.
    fn cost(&self, mut each_second: impl FnMut()) -> f64 {
        let (started, before) = (Instant::now(), process_time());
        for second in 1..=SECONDS {
            self.work(usize::try_from(second).unwrap());
            each_second();
            let end = started + Duration::from_secs(second);
            sleep(end.saturating_duration_since(Instant::now()));
        }
        (process_time() - before) / SECONDS as f64
    }
}

/// In milliseconds.
fn process_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// Reads streams until it is killed.
fn view(address: &str, viewers: usize) {
    let address: SocketAddr = address.parse().unwrap();
    let readers = (0..viewers).map(|_| {
        thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let request = "GET /dashboard/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut buffer = vec![0; 1 << 16];
            while stream.read(&mut buffer).unwrap() > 0 {}
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.join().unwrap();
    }
}

fn routes_of(service: &Service) -> Routes {
    Routes::new()
        .metrics(service.prometheus.clone())
        .guard(Guard::open())
        .dashboard()
}

/// Takes the frames of a stream without a socket.
async fn view_inside(router: Router) {
    let request = Request::get("/dashboard/events").body(Body::empty());
    let response = router.oneshot(request.unwrap()).await.unwrap();
    let mut body = response.into_body();
    while body.frame().await.is_some() {}
}

fn viewers(address: SocketAddr, count: usize) -> Child {
    let program = env::current_exe().unwrap();
    let child = Command::new(program)
        .args([VIEW, &address.to_string(), &count.to_string()])
        .spawn()
        .unwrap();
    // Until the first frames, which are whole, were sent.
    sleep(Duration::from_secs(3));
    child
}

fn main() {
    let arguments: Vec<_> = env::args().collect();
    if let Some([_, address, count]) = arguments.get(1..4)
        && arguments[1] == VIEW
    {
        return view(address, count.parse().unwrap());
    }
    print_processor();
    let service = service();
    let series: usize = {
        let snapshot = service.prometheus.snapshot();
        snapshot
            .families
            .iter()
            .map(|family| family.series.len())
            .sum()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = routes_of(&service).spawn("127.0.0.1:0");
    let server = runtime.block_on(server).unwrap();
    let nobody = service.cost(|| {});
    let snapshot = service.cost(|| drop(black_box(service.prometheus.snapshot()))) - nobody;
    let seen_by = |count| {
        let mut child = viewers(server.local_addr(), count);
        let cost = service.cost(|| {}) - nobody;
        child.kill().unwrap();
        child.wait().unwrap();
        sleep(Duration::from_secs(2));
        cost
    };
    let (one, fifty) = (seen_by(1), seen_by(50));
    let router: Router = routes_of(&service).build().unwrap();
    let inside = |count| {
        let viewers: Vec<_> = (0..count)
            .map(|_| runtime.spawn(view_inside(router.clone())))
            .collect();
        sleep(Duration::from_secs(3));
        let cost = service.cost(|| {}) - nobody;
        for viewer in viewers {
            viewer.abort();
        }
        sleep(Duration::from_secs(2));
        cost
    };
    let (one_inside, fifty_inside) = (inside(1), inside(50));
    println!("{series} series, {ENDPOINTS} endpoints; milliseconds of CPU time per second");
    println!("the service's own work   {nobody:6.2}");
    println!("one snapshot             {snapshot:6.2}");
    println!(
        "one viewer               {one:6.2}   {:.2} x a snapshot (at most 1.2)",
        one / snapshot
    );
    println!(
        "50 viewers               {fifty:6.2}   {:.2} x one viewer (at most 1.5)",
        fifty / one
    );
    println!(
        "one viewer, no socket    {one_inside:6.2}   {:.2} x a snapshot",
        one_inside / snapshot
    );
    println!(
        "50 viewers, no sockets   {fifty_inside:6.2}   {:.2} x one viewer",
        fifty_inside / one_inside
    );
}
