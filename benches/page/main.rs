//! The service that `benches/page/run` looks at: 1,000 endpoints and 10,000 series, all of whose endpoints get requests every
//! second, with a history; and a page with one line of text to compare with. Prints its address.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints where it listens"
)]

use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::net::TcpListener;
use tower_vitals::exporter::HistoryConfig;
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

const ENDPOINTS: usize = 1_000;
/// With the five series of each endpoint, 10,000 series.
const OTHERS: usize = 5_000;
const LINE: &str = "<!doctype html><html lang=\"en\"><title>Line</title><p>One line of text.</p>";

#[tokio::main]
async fn main() {
    let prometheus = Prometheus::builder()
        .max_series(10_000)
        .history(HistoryConfig::new())
        .build()
        .unwrap();
    let traffic = prometheus.clone();
    tokio::task::spawn_blocking(move || serve_requests(&traffic));
    let routes = Routes::new()
        .metrics(prometheus)
        .guard(Guard::open())
        .dashboard();
    let app = Router::new()
        .route("/line", get(async || Html(LINE)))
        .merge(routes);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}

/// Each endpoint gets other numbers of requests than the last second, for ever.
fn serve_requests(prometheus: &Prometheus) {
    let metadata = Metadata::new("bench", Level::INFO, None);
    let key = |name: &'static str, n: usize, status: Option<&'static str>| {
        let mut labels = vec![
            Label::new("method", "GET"),
            Label::new("endpoint", format!("/shops/{{shop}}/departments/{n}")),
        ];
        labels.extend(status.map(|status| Label::new("status", status)));
        Key::from_parts(name, labels)
    };
    let endpoints: Vec<_> = (0..ENDPOINTS)
        .map(|n| {
            let counters = ["200", "404", "500"].map(|status| {
                let key = key("http_requests_total", n, Some(status));
                prometheus.register_counter(&key, &metadata)
            });
            let duration = key("http_request_duration_seconds", n, None);
            let duration = prometheus.register_histogram(&duration, &metadata);
            let gauge = key("http_requests_in_progress", n, None);
            (
                counters,
                duration,
                prometheus.register_gauge(&gauge, &metadata),
            )
        })
        .collect();
    for n in 0..OTHERS {
        let labels = vec![Label::new("kind", format!("kind-{}", n % 500))];
        let key = Key::from_parts(format!("events_of_family_{}_total", n / 500), labels);
        prometheus.register_counter(&key, &metadata).increment(1);
    }
    for second in 0_usize.. {
        for (n, (counters, duration, gauge)) in endpoints.iter().enumerate() {
            let requests = (n * 7 + second * 13) % 40;
            counters[0].increment(requests as u64);
            counters[1].increment(u64::from(requests == 3));
            counters[2].increment(u64::from(requests == 5));
            duration.record_many(0.002 * (1 + (n + second) % 90) as f64, requests);
            gauge.set((requests % 4) as f64);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
