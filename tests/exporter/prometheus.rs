//! The Prometheus recorder: its settings, its series limit, its upkeep.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::support::log::Log;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tower_vitals::exporter::{HistoryConfig, PrometheusBuilder};
use tower_vitals::{ErrorKind, Prometheus, catalog};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn built() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels = labels
        .iter()
        .map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

fn count(recorder: &(impl Recorder + ?Sized), name: &'static str, labels: &[(&'static str, &str)]) {
    recorder
        .register_counter(&key(name, labels), &METADATA)
        .increment(1);
}

#[test]
fn families_of_the_catalogue_have_help_type_and_buckets() {
    let prometheus = built();
    for family in catalog::FAMILIES {
        let labels: Vec<_> = family.labels.iter().map(|label| (*label, "x")).collect();
        let key = key(family.name, &labels);
        match family.kind {
            catalog::Kind::Counter => prometheus.register_counter(&key, &METADATA).increment(1),
            catalog::Kind::Gauge => prometheus.register_gauge(&key, &METADATA).set(1.0),
            catalog::Kind::Histogram => prometheus.register_histogram(&key, &METADATA).record(1.0),
        }
    }
    let text = prometheus.render();
    for family in catalog::FAMILIES {
        let kind = format!("{:?}", family.kind).to_lowercase();
        assert!(
            text.contains(&format!("# HELP {} {}\n", family.name, family.help)),
            "{text}"
        );
        assert!(
            text.contains(&format!("# TYPE {} {kind}\n", family.name)),
            "{text}"
        );
        for bound in family.buckets {
            let bucket = format!("le=\"{bound}\"");
            let has = |line: &str| {
                line.starts_with(&format!("{}_bucket{{", family.name)) && line.contains(&bucket)
            };
            assert!(text.lines().any(has), "{} {bound}", family.name);
        }
    }
}

#[test]
fn histograms_outside_the_catalogue_have_buckets() {
    let prometheus = built();
    for name in ["own_seconds", "own_bytes"] {
        prometheus
            .register_histogram(&key(name, &[]), &METADATA)
            .record(300.0);
    }
    let text = prometheus.render();
    assert!(
        text.contains("own_seconds_bucket{le=\"0.005\"} 0\n"),
        "{text}"
    );
    assert!(text.contains("own_bytes_bucket{le=\"256\"} 0\n"), "{text}");
    assert!(text.contains("own_bytes_bucket{le=\"1024\"} 1\n"), "{text}");
    assert!(!text.contains("quantile"));
}

#[test]
fn prefix_global_labels_and_buckets_are_applied() {
    let prometheus = Prometheus::builder()
        .prefix("shop")
        .global_label("region", r#"eu "1"\"#)
        .buckets("http_request_duration_seconds", &[0.5, 1.0])
        .build()
        .unwrap();
    let name = "http_request_duration_seconds";
    prometheus
        .register_histogram(&key(name, &[("method", "GET")]), &METADATA)
        .record(0.7);
    let text = prometheus.render();
    let series =
        r#"shop_http_request_duration_seconds_bucket{region="eu \"1\"\\",method="GET",le="#;
    for (bound, value) in [("0.5", 0), ("1", 1), ("+Inf", 1)] {
        assert!(
            text.contains(&format!("{series}\"{bound}\"}} {value}\n")),
            "{text}"
        );
    }
    assert_eq!(text.matches("_bucket{").count(), 3);
    assert!(
        text.contains("# HELP shop_http_request_duration_seconds Time"),
        "{text}"
    );
}

/// The exporter alone would render the value of either key.
#[test]
fn keys_that_render_alike_are_one_series() {
    let prometheus = Prometheus::builder()
        .prefix("eu")
        .global_label("region", "eu-1")
        .build()
        .unwrap();
    let counts = [
        (key("orders_total", &[]), 7),
        (key("orders_total", &[("region", "eu-1")]), 1000),
        (key("orders_total", &[("region", "us-1")]), 3),
        (key("shop.visits", &[("by.way", "x")]), 20),
        (key("shop_visits", &[("by_way", "x")]), 500),
    ];
    for (key, count) in counts {
        prometheus
            .register_counter(&key, &METADATA)
            .increment(count);
    }
    for _ in 0..10 {
        let text = prometheus.render();
        let lines: HashSet<&str> = text
            .lines()
            .filter(|line| line.starts_with("eu_"))
            .collect();
        let expected = [
            r#"eu_monitoring_series_dropped_total{region="eu-1",metric="eu_orders_total"} 0"#,
            r#"eu_monitoring_series_dropped_total{region="eu-1",metric="eu_shop_visits"} 0"#,
            r#"eu_orders_total{region="eu-1"} 1007"#,
            r#"eu_orders_total{region="us-1"} 3"#,
            r#"eu_shop_visits{region="eu-1",by_way="x"} 520"#,
        ];
        assert_eq!(lines, HashSet::from(expected), "{text}");
    }
}

#[test]
fn errors_of_invalid_settings_name_the_setting_and_the_allowed_values() {
    let refused = |builder: PrometheusBuilder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        error.to_string()
    };
    let builder = Prometheus::builder;
    let contains = |message: String, words: &[&str]| {
        for word in words {
            assert!(message.contains(word), "{message}");
        }
    };
    contains(
        refused(builder().prefix("1-shop")),
        &["prefix \"1-shop\" is refused by Prometheus: letters"],
    );
    contains(
        refused(builder().global_label("le", "x")),
        &["global label", "\"le\""],
    );
    for bounds in [
        &[][..],
        &[1.0, 1.0],
        &[2.0, 1.0],
        &[f64::NAN],
        &[1.0, f64::INFINITY],
    ] {
        let message = refused(builder().buckets("x_seconds", bounds));
        contains(
            message,
            &["\"x_seconds\"", &format!("{bounds:?}"), "at least one"],
        );
    }
    // Names outside the catalogue are sanitized when they are recorded.
    let dotted = builder().buckets("shop.wait", &[1.0]).build();
    assert!(dotted.is_ok());
    let message = refused(builder().buckets("http_requests_total", &[1.0]));
    assert_eq!(
        message,
        "metric \"http_requests_total\": a counter has no buckets: only histograms have them"
    );
    contains(
        refused(builder().daily_totals_interval(Duration::ZERO)),
        &["zero", "5 s"],
    );
    contains(refused(builder().max_series(0)), &["zero", "10,000"]);
}

#[test]
fn all_invalid_settings_are_in_one_error() {
    let history = HistoryConfig::new().max_series(0);
    let builder = Prometheus::builder().prefix("1-shop").max_series(0);
    let error = builder.history(history).build().unwrap_err().to_string();
    for part in [
        "\"1-shop\"",
        "; series limit is zero",
        "; history series limit is zero",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn label_values_and_help_are_escaped() {
    let prometheus = built();
    let values = ["\"", r#"\""#, r"\", r"\\", "\n", r"\n", "\\\n", r"a\"];
    for value in values {
        count(&prometheus, "odd_total", &[("v", value)]);
    }
    prometheus.describe_counter(
        "odd_total".into(),
        None,
        "back\\slash \\\\ and\nline".into(),
    );
    let text = prometheus.render();
    assert_eq!(text.matches("odd_total{").count(), values.len(), "{text}");
    for value in values {
        let escaped = value
            .replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        assert!(
            text.contains(&format!("odd_total{{v=\"{escaped}\"}} 1\n")),
            "{text}"
        );
    }
    assert!(
        text.contains(r"# HELP odd_total back\\slash \\\\ and\nline"),
        "{text}"
    );
}

#[test]
fn series_above_the_limit_become_other_and_are_counted_and_logged_once() {
    let prometheus = Prometheus::builder()
        .prefix("shop")
        .max_series(100)
        .build()
        .unwrap();
    let (log, logging) = Log::of_this_thread();
    for user in 0..1_000 {
        let method = if user % 2 == 0 { "GET" } else { "POST" };
        let labels = [("method", method), ("user", &*user.to_string())];
        count(&prometheus, "hits_total", &labels);
    }
    // The first series are still distinct.
    count(
        &prometheus,
        "hits_total",
        &[("method", "GET"), ("user", "0")],
    );
    // Another metric has its own limit.
    count(&prometheus, "other_total", &[("user", "1")]);
    drop(logging);
    let log = log.text();
    let text = prometheus.render();
    assert_eq!(text.matches("shop_hits_total{").count(), 101, "{text}");
    assert!(
        text.contains("shop_hits_total{method=\"other\",user=\"other\"} 900\n"),
        "{text}"
    );
    assert!(
        text.contains("shop_hits_total{method=\"GET\",user=\"0\"} 2\n"),
        "{text}"
    );
    assert!(text.contains("shop_other_total{user=\"1\"} 1\n"), "{text}");
    let dropped = "shop_monitoring_series_dropped_total{metric=\"shop_hits_total\"} 900\n";
    assert!(text.contains(dropped), "{text}");

    assert_eq!(log.matches("WARN").count(), 1, "{log}");
    for part in [
        "metric=\"shop_hits_total\"",
        "label=\"user\"",
        "values=100",
        "max_series=100",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
}

#[test]
fn the_limit_applies_to_all_kinds_and_across_threads() {
    let prometheus = Prometheus::builder().max_series(50).build().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let prometheus = &prometheus;
            scope.spawn(move || {
                for number in 0..500 {
                    let value = format!("{thread}-{number}");
                    let labels = [("v", &*value)];
                    prometheus
                        .register_gauge(&key("g", &labels), &METADATA)
                        .set(1.0);
                    let histogram = key("h_seconds", &labels);
                    prometheus
                        .register_histogram(&histogram, &METADATA)
                        .record(1.0);
                    count(prometheus, "c_total", &labels);
                }
            });
        }
    });
    let text = prometheus.render();
    // A gauge labelled other would show whichever value was set last.
    for (series, expected) in [("g{", 50), ("h_seconds_count{", 51), ("c_total{", 51)] {
        let lines = text.lines().filter(|line| line.starts_with(series));
        assert_eq!(lines.count(), expected, "{series}");
    }
    for metric in ["g", "h_seconds", "c_total"] {
        let dropped = format!("monitoring_series_dropped_total{{metric=\"{metric}\"}} 1950\n");
        assert!(text.contains(&dropped), "{metric}");
    }
    let sum: u64 = text
        .lines()
        .filter(|line| line.starts_with("c_total{"))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum();
    assert_eq!(sum, 2_000);
}

/// The number of upkeep threads of this process.
#[cfg(target_os = "linux")]
fn upkeep_threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.trim() == "vitals-upkeep")
        .count()
}

/// Runs in a process of its own, because it counts threads.
#[test]
#[cfg(target_os = "linux")]
fn upkeep_runs_without_a_runtime_and_ends_with_the_last_handle() {
    const CHILD: &str = "TOWER_VITALS_UPKEEP_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let name = "prometheus::upkeep_runs_without_a_runtime_and_ends_with_the_last_handle";
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--test-threads=1"])
            .env(CHILD, "1")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let until = |wanted: usize| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while upkeep_threads() != wanted {
            assert!(Instant::now() < deadline, "{} threads", upkeep_threads());
            std::thread::yield_now();
        }
    };
    let prometheus = Prometheus::builder()
        .daily_totals_interval(Duration::from_hours(1))
        .build()
        .unwrap();
    until(1);
    let clone = prometheus.clone();
    drop(prometheus);
    assert_eq!(upkeep_threads(), 1);
    drop(clone);
    // Immediately, not after the interval.
    until(0);
}

#[test]
fn debug_output_hides_the_metrics_and_shows_the_error_kind() {
    assert_eq!(format!("{:?}", built()), "Prometheus { .. }");
    let error = Prometheus::builder().max_series(0).build().unwrap_err();
    assert!(format!("{error:?}").contains("InvalidConfig"));
}

/// A subscriber that counts log lines in the metric that is at its limit.
struct Counting(Prometheus);

impl tracing::Subscriber for Counting {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        count(
            &self.0,
            "log_events_total",
            &[("target", event.metadata().target())],
        );
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn a_subscriber_that_records_metrics_does_not_deadlock_the_limit() {
    let prometheus = Prometheus::builder().max_series(2).build().unwrap();
    tracing::subscriber::with_default(Counting(prometheus.clone()), || {
        for target in ["a", "b", "c", "d"] {
            count(&prometheus, "log_events_total", &[("target", target)]);
        }
    });
    let text = prometheus.render();
    // c, the warning about c, and d.
    assert!(
        text.contains("log_events_total{target=\"other\"} 3\n"),
        "{text}"
    );
}

/// The inner recorder logs registrations, under a subscriber that counts log lines with the limited recorder.
#[test]
fn a_recorder_that_logs_does_not_deadlock_the_limit() {
    use metrics::{Counter, Gauge, Histogram, KeyName, SharedString, Unit};

    #[derive(Clone, Default)]
    struct Logs(
        Arc<OnceLock<Weak<dyn Recorder + Send + Sync>>>,
        Arc<AtomicUsize>,
    );

    impl Recorder for Logs {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            self.1.fetch_add(1, Ordering::SeqCst);
            if key.name() == "monitoring_series_dropped_total" {
                let limited = self.0.get().unwrap().upgrade().unwrap();
                count(&*limited, "log_events_total", &[("target", "registered")]);
            }
            Counter::noop()
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    let logs = Logs::default();
    let limited: Arc<dyn Recorder + Send + Sync> =
        Arc::new(tower_vitals::exporter::SeriesLimit::new(1).layer(logs.clone()));
    assert!(logs.0.set(Arc::downgrade(&limited)).is_ok());
    count(&*limited, "log_events_total", &[("target", "a")]);
    count(&*limited, "log_events_total", &[("target", "b")]);
    assert!(logs.1.load(Ordering::SeqCst) >= 4);
}

#[test]
fn a_limit_of_zero_means_one() {
    use metrics_util::debugging::DebuggingRecorder;
    let exporter = DebuggingRecorder::new();
    let seen = exporter.snapshotter();
    let recorder = tower_vitals::exporter::SeriesLimit::new(0).layer(exporter);
    count(&recorder, "plain_total", &[]);
    count(&recorder, "plain_total", &[]);
    assert_eq!(seen.snapshot().into_vec().len(), 1);
}
