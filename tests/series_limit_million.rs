//! A label with a million values: memory and text stay bounded, no increment is lost, and one warning is logged. In a
//! file of its own, because it measures the memory of the whole process.
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
#![cfg(target_os = "linux")]

#[path = "support/log.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests use the rest")]
mod log;

use std::time::Duration;

use log::Log;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::catalog::DURATION_BUCKETS;

const MIB: u64 = 1024 * 1024;
const VALUES: u64 = 1_000_000;
/// The default of `PrometheusBuilder::max_series`.
const LIMIT: usize = 10_000;
const DROPPED: u64 = VALUES - LIMIT as u64;
const METADATA: Metadata<'_> = Metadata::new("test", Level::INFO, None);

/// Ten thousand series take a few MiB of labels and handles, and the histogram 10 MiB of text and as much in the
/// exporter while it renders. The 990,000 samples of `other` take 16 MiB until they are drained. A million series would
/// take several hundred.
const MAX_GROWTH: u64 = 64 * MIB;

/// The process' resident memory in bytes.
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

/// The text and the log after a metric was recorded with a million label values.
struct Recorded {
    text: String,
    log: String,
}

/// Registers and records each value, as a macro with a dynamic label does, and renders at the end. Fails if memory
/// grows by more than [`MAX_GROWTH`].
fn record_all(prometheus: &Prometheus, name: &'static str, record: impl Fn(&Key)) -> Recorded {
    let before = resident();
    let mut peak = before;
    let (log, logging) = Log::of_this_thread();
    for user in 0..VALUES {
        let method = if user % 2 == 0 { "GET" } else { "POST" };
        let labels = vec![
            Label::new("method", method),
            Label::new("user", user.to_string()),
        ];
        record(&Key::from_parts(name, labels));
        if user % 10_000 == 0 {
            peak = peak.max(resident());
        }
    }
    drop(logging);
    let text = prometheus.render();
    let growth = peak.max(resident()) - before;
    println!(
        "{name}: grew by up to {:.1} MiB, {:.1} MiB of text",
        growth as f64 / MIB as f64,
        text.len() as f64 / MIB as f64
    );
    assert!(growth < MAX_GROWTH, "{name}: {} MiB", growth / MIB);
    Recorded {
        text,
        log: log.text(),
    }
}

impl Recorded {
    fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_series = move |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('{'))
        };
        self.text.lines().filter(is_series)
    }

    fn sum(&self, name: &str) -> u64 {
        self.lines(name)
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
            .sum()
    }

    #[track_caller]
    fn assert_has(&self, line: &str) {
        assert!(self.text.lines().any(|own| own == line), "{line}");
    }

    /// Asserts that there is one warning, and that it names the metric and the label.
    #[track_caller]
    fn assert_logged_once(&self, name: &str) {
        let Self { log, .. } = self;
        assert_eq!(log.lines().count(), 1, "{log}");
        for part in [
            "WARN",
            &format!("metric=\"{name}\""),
            "label=\"user\"",
            &format!("values={LIMIT}"),
            &format!("max_series={LIMIT}"),
        ] {
            assert_eq!(log.matches(part).count(), 1, "{part}: {log}");
        }
    }
}

/// A single test, because two would measure each other's memory.
#[test]
fn a_label_with_a_million_values_is_bounded_counted_and_logged_once() {
    let prometheus = Prometheus::builder()
        // No sample is drained before the render. This is the worst case for memory, and metrics-util 0.20 can lose a
        // sample that is recorded while its bucket is drained.
        .daily_totals_interval(Duration::from_hours(1))
        .build()
        .unwrap();

    let counter = record_all(&prometheus, "hits_total", |key| {
        prometheus.register_counter(key, &METADATA).increment(1);
    });
    assert_eq!(counter.lines("hits_total").count(), LIMIT + 1);
    assert_eq!(counter.sum("hits_total"), VALUES);
    counter.assert_has(&format!(
        "hits_total{{method=\"other\",user=\"other\"}} {DROPPED}"
    ));
    counter.assert_has(&format!(
        "monitoring_series_dropped_total{{metric=\"hits_total\"}} {DROPPED}"
    ));
    counter.assert_logged_once("hits_total");
    let longest = "hits_total{method=\"other\",user=\"other\"} 1000000\n".len();
    assert!(counter.text.len() < (LIMIT + 10) * longest);
    let counter_text = counter.text.len();

    let histogram = record_all(&prometheus, "wait_seconds", |key| {
        prometheus.register_histogram(key, &METADATA).record(0.02);
    });
    // One line per bound, and one for +Inf.
    let buckets = DURATION_BUCKETS.len() + 1;
    let series = |part: &str| histogram.lines(&format!("wait_seconds_{part}")).count();
    assert_eq!(series("bucket"), buckets * (LIMIT + 1));
    assert_eq!((series("sum"), series("count")), (LIMIT + 1, LIMIT + 1));
    assert_eq!(histogram.sum("wait_seconds_count"), VALUES);
    histogram.assert_has(&format!(
        "wait_seconds_count{{method=\"other\",user=\"other\"}} {DROPPED}"
    ));
    histogram.assert_has(&format!(
        "monitoring_series_dropped_total{{metric=\"wait_seconds\"}} {DROPPED}"
    ));
    histogram.assert_logged_once("wait_seconds");
    let longest =
        "wait_seconds_bucket{method=\"other\",user=\"other\",le=\"0.0025\"} 1000000\n".len();
    let max_len = counter_text + (LIMIT + 10) * (buckets + 2) * longest;
    assert!(histogram.text.len() < max_len, "{}", histogram.text.len());
}
