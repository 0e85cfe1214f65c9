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
use std::time::Duration;

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

/// The samples of 10 million requests take 160 MB. With upkeep every 100 ms, only those of the last 100 ms are held.
#[test]
#[cfg(target_os = "linux")]
fn ten_million_unscraped_requests_add_less_than_20_mib() {
    let prometheus = Prometheus::builder()
        .daily_totals_interval(Duration::from_millis(100))
        .build()
        .unwrap();
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
    assert!(added < 20 * MIB, "{} MiB", added / MIB);
    // This checks the counter, because metrics-util 0.20 can lose histogram samples that are written while their bucket
    // is drained, and here that happens a hundred times at full speed.
    let count =
        "http_requests_total{method=\"GET\",endpoint=\"unmatched\",status=\"200\"} 10010000\n";
    assert!(prometheus.render().contains(count));
}
