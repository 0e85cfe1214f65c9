//! A label that takes a million values: memory and text stay bounded, nothing is lost, and the log names it once. Alone in
//! its file: it measures the memory of the whole process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
)]
#![cfg(target_os = "linux")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use metrics::{Key, Label, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::catalog::DURATION_BUCKETS;

const MIB: u64 = 1024 * 1024;
const VALUES: u64 = 1_000_000;
/// The default of `Builder::max_series`.
const LIMIT: usize = 10_000;
const DROPPED: u64 = VALUES - LIMIT as u64;
const METADATA: Metadata<'_> = Metadata::new("test", Level::INFO, None);

/// Ten thousand series are a few MiB of labels and handles, and 10 MiB of text for the histogram, of which the exporter
/// holds its own form while it writes; 990,000 samples of `other` are 16 MiB until they are drained. A million series kept
/// would be several hundred.
const MOST: u64 = 64 * MIB;

/// The process' resident memory, in bytes.
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

/// What `tracing` was given, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn during(&self, run: impl FnOnce()) -> String {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || log.clone())
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(subscriber, run);
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What was seen while a metric took its million values.
struct Seen {
    text: String,
    log: String,
}

/// Registers and records under each value, as a macro with a dynamic label does, and renders at the end; fails if memory
/// grows by more than [`MOST`].
fn record_all(prometheus: &Prometheus, name: &'static str, record: impl Fn(&Key)) -> Seen {
    let before = resident();
    let mut most = before;
    let log = Log::default().during(|| {
        for user in 0..VALUES {
            let method = if user % 2 == 0 { "GET" } else { "POST" };
            let labels = vec![
                Label::new("method", method),
                Label::new("user", user.to_string()),
            ];
            record(&Key::from_parts(name, labels));
            if user % 10_000 == 0 {
                most = most.max(resident());
            }
        }
    });
    let text = prometheus.render();
    let added = most.max(resident()) - before;
    println!(
        "{name}: added at most {:.1} MiB, {:.1} MiB of text",
        added as f64 / MIB as f64,
        text.len() as f64 / MIB as f64
    );
    assert!(added < MOST, "{name}: {} MiB", added / MIB);
    Seen { text, log }
}

impl Seen {
    fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_of = move |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('{'))
        };
        self.text.lines().filter(is_of)
    }

    fn sum(&self, name: &str) -> u64 {
        self.lines(name)
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
            .sum()
    }

    #[track_caller]
    fn assert_has(&self, line: &str) {
        assert!(self.text.lines().any(|is| is == line), "{line}");
    }

    /// One warning, which names the metric and the label that did it.
    #[track_caller]
    fn assert_named_once(&self, name: &str) {
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

/// One test: two would measure each other's memory.
#[test]
fn a_label_of_a_million_values_is_bounded_counted_and_named_once() {
    let prometheus = Prometheus::builder()
        // No sample is drained before the render: that holds most, and metrics-util 0.20 can lose one that is written in
        // the very moment its bucket is drained.
        .upkeep_interval(Duration::from_hours(1))
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
    counter.assert_named_once("hits_total");
    let longest = "hits_total{method=\"other\",user=\"other\"} 1000000\n".len();
    assert!(counter.text.len() < (LIMIT + 10) * longest);
    let counter_text = counter.text.len();

    let histogram = record_all(&prometheus, "wait_seconds", |key| {
        prometheus.register_histogram(key, &METADATA).record(0.02);
    });
    // A line for each bound, and for +Inf.
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
    histogram.assert_named_once("wait_seconds");
    let longest =
        "wait_seconds_bucket{method=\"other\",user=\"other\",le=\"0.0025\"} 1000000\n".len();
    let most = counter_text + (LIMIT + 10) * (buckets + 2) * longest;
    assert!(histogram.text.len() < most, "{}", histogram.text.len());
}
