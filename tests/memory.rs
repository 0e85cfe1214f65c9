//! Samples that are not scraped do not accumulate. Alone in its file, because it measures the memory of the process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

use std::convert::Infallible;

use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, Service, service_fn};
use tower_vitals::{HttpMetricsLayer, Prometheus};

const MIB: u64 = 1024 * 1024;

/// The resident memory of the process in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// An exporter that keeps each sample until somebody reads it takes 160 MB for 10 million requests.
#[test]
#[cfg(target_os = "linux")]
fn ten_million_unscraped_requests_add_nothing() {
    let prometheus = Prometheus::builder().build().unwrap();
    let mut service = HttpMetricsLayer::builder()
        .recorder(prometheus.clone())
        .build()
        .unwrap()
        .layer(service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(Empty::<&'static [u8]>::new()))
        }));
    let mut serve = || drop(service.call(Request::new(())).now_or_never().unwrap());
    (0..10_000).for_each(|_| serve());
    let before = resident();
    let mut most = 0;
    for number in 0..10_000_000_u32 {
        serve();
        if number % 10_000 == 0 {
            most = most.max(resident());
        }
    }
    let added = most.saturating_sub(before);
    println!("added at most {:.1} MiB", added as f64 / MIB as f64);
    assert!(added < MIB, "{added} bytes");
    let text = prometheus.render();
    for series in [
        "http_requests_total{method=\"GET\",endpoint=\"unmatched\",status=\"200\"}",
        "http_request_duration_seconds_count{method=\"GET\",endpoint=\"unmatched\"}",
    ] {
        assert!(text.contains(&format!("{series} 10010000\n")), "{series}");
    }
}
