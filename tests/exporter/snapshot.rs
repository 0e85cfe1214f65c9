//! `Snapshot`: typed values equal those of the text, quantiles equal those of Prometheus, and deltas are not negative.

use crate::support::prometheus::{Target, prometheus_answers};
use metrics::{Key, Label, Level, Metadata, Recorder};
use proptest::prelude::*;
use tower_vitals::catalog::Kind;
use tower_vitals::exporter::{HistogramSnapshot, Value};
use tower_vitals::{Prometheus, Routes};

static METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn key(name: &'static str, labels: &[(&'static str, &str)]) -> Key {
    let labels = labels
        .iter()
        .map(|(name, value)| Label::new(*name, (*value).to_owned()));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

fn recorder() -> Prometheus {
    Prometheus::builder()
        .buckets("wait_seconds", &[0.1, 0.5, 1.0, 2.5])
        .build()
        .unwrap()
}

#[test]
fn a_snapshot_has_all_series_with_kind_and_help() {
    let prometheus = recorder();
    prometheus.describe_counter("orders_total".into(), None, "Orders, \\ and\nall.".into());
    prometheus
        .register_counter(&key("orders_total", &[("shop", "eu")]), &METADATA)
        .increment(3);
    prometheus
        .register_counter(&key("orders_total", &[("shop", "us")]), &METADATA)
        .increment(4);
    prometheus
        .register_gauge(&key("queue", &[]), &METADATA)
        .set(-1.5);
    for (shop, wait) in [("eu", 0.05), ("eu", 0.7), ("us", 9.0)] {
        let wait_seconds = key("wait_seconds", &[("shop", shop)]);
        prometheus
            .register_histogram(&wait_seconds, &METADATA)
            .record(wait);
    }
    let snapshot = prometheus.snapshot();
    let orders = snapshot.family("orders_total").unwrap();
    assert_eq!(
        (orders.kind, &*orders.help),
        (Kind::Counter, "Orders, \\ and\nall.")
    );
    assert_eq!(orders.series.len(), 2);
    assert_eq!(snapshot.sum("orders_total", &[]), Some(7.0));
    assert_eq!(snapshot.sum("orders_total", &[("shop", "us")]), Some(4.0));
    assert_eq!(snapshot.sum("orders_total", &[("shop", "nowhere")]), None);
    assert_eq!(snapshot.sum("nothing", &[]), None);
    assert_eq!(snapshot.sum("queue", &[]), Some(-1.5));
    let eu = snapshot
        .histogram("wait_seconds", &[("shop", "eu")])
        .unwrap();
    assert_eq!(
        eu.buckets,
        [(0.1, 1), (0.5, 1), (1.0, 2), (2.5, 2), (f64::INFINITY, 2)]
    );
    assert_eq!((eu.count, eu.sum, eu.average()), (2, 0.75, Some(0.375)));
    let both = snapshot.histogram("wait_seconds", &[]).unwrap();
    assert_eq!((both.count, both.buckets[4].1), (3, 3));
}

#[test]
fn deltas_detect_restarts() {
    let record = |orders: u64, waits: &[f64]| {
        let prometheus = recorder();
        prometheus
            .register_counter(&key("orders_total", &[]), &METADATA)
            .increment(orders);
        prometheus
            .register_gauge(&key("queue", &[]), &METADATA)
            .set(orders as f64);
        let wait_seconds = prometheus.register_histogram(&key("wait_seconds", &[]), &METADATA);
        for wait in waits {
            wait_seconds.record(*wait);
        }
        prometheus.snapshot()
    };
    let (first, second) = (record(10, &[0.2, 0.3]), record(25, &[0.2, 0.3, 0.7]));
    let delta = second.since(&first);
    assert_eq!(delta.snapshot.sum("orders_total", &[]), Some(15.0));
    assert_eq!(
        delta.snapshot.sum("queue", &[]),
        Some(25.0),
        "a gauge keeps its value"
    );
    let waits = delta.snapshot.histogram("wait_seconds", &[]).unwrap();
    assert_eq!(
        (waits.count, waits.buckets[2].1, waits.buckets[1].1),
        (1, 1, 0)
    );
    let rate = delta.rate("orders_total", &[]).unwrap();
    assert!((rate * delta.elapsed.as_secs_f64() - 15.0).abs() < 1e-9);
    assert_eq!(delta.rate("queue", &[]), None);

    // After a restart, everything is new.
    let fresh = record(4, &[0.2]);
    let after = fresh.since(&second);
    assert_eq!(after.snapshot.sum("orders_total", &[]), Some(4.0));
    assert_eq!(
        after.snapshot.histogram("wait_seconds", &[]).unwrap().count,
        1
    );
    assert!(after.rate("orders_total", &[]).unwrap() > 0.0);
    // No time has passed, or it is negative: there is no rate, and no panic.
    assert_eq!(first.since(&second).rate("orders_total", &[]), None);
}

#[test]
fn quantiles_without_samples_or_outside_0_to_1_are_none() {
    let prometheus = recorder();
    let handle = prometheus.register_histogram(&key("wait_seconds", &[]), &METADATA);
    let histogram = || prometheus.snapshot().histogram("wait_seconds", &[]);
    assert_eq!(
        histogram().and_then(|histogram| histogram.quantile(0.5)),
        None
    );
    handle.record(100.0);
    assert_eq!(
        histogram().unwrap().quantile(0.5),
        Some(2.5),
        "the highest bound"
    );
    assert_eq!(histogram().unwrap().quantile(0.0), Some(2.5));
    handle.record(0.3);
    assert_eq!(
        histogram().unwrap().quantile(0.0),
        Some(0.1),
        "the lowest possible value"
    );
    for q in [-0.1, 1.1, f64::NAN] {
        assert_eq!(histogram().unwrap().quantile(q), None);
    }
    assert_eq!(HistogramSnapshot::default().quantile(0.5), None);
    assert_eq!(HistogramSnapshot::default().average(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus: tests/run"]
async fn quantiles_equal_those_of_prometheus() {
    let bounds = [-1.0, 0.0, 0.1, 0.5, 1.0, 2.5, 10.0];
    let prometheus = Prometheus::builder()
        .buckets("quantile_seconds", &bounds)
        .build()
        .unwrap();
    // Different distributions over the buckets, one of them negative, one above all bounds.
    let shapes: [fn(u32) -> f64; 5] = [
        |n| f64::from(n) / 100.0,
        |n| f64::from(n * n) / 100_000.0,
        |n| -f64::from(n) / 500.0,
        |_| 0.3,
        |_| 100.0,
    ];
    for (shape, value) in shapes.iter().enumerate() {
        let shape = shape.to_string();
        let handle = prometheus
            .register_histogram(&key("quantile_seconds", &[("shape", &shape)]), &METADATA);
        for n in 0..997 {
            handle.record(value(n));
        }
    }
    let server = Routes::new()
        .metrics(prometheus.clone())
        .spawn("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().to_string();
    let compared = tokio::task::spawn_blocking(move || {
        let _target = Target::add(&address, "quantiles");
        let mut compared = 0;
        for shape in 0..shapes.len() {
            let shape = shape.to_string();
            let labels = [("shape", &*shape)];
            let own = prometheus
                .snapshot()
                .histogram("quantile_seconds", &labels)
                .unwrap();
            for q in [0.0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0] {
                let query = format!(
                    "histogram_quantile({q}, quantile_seconds_bucket{{example=\"quantiles\",shape=\"{shape}\"}})"
                );
                let theirs = prometheus_answers(&query, |_| true);
                let ours = own.quantile(q).unwrap();
                assert!(
                    (ours - theirs).abs() <= 1e-9,
                    "{q} of {shape}: {ours}, Prometheus {theirs}"
                );
                compared += 1;
            }
        }
        compared
    });
    assert_eq!(compared.await.unwrap(), 45);
    server.shutdown().await;
}

/// The lines of the text as series and value.
fn samples(text: &str) -> Vec<(String, String)> {
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut samples: Vec<_> = lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), number(value.parse().unwrap())))
        .collect();
    samples.sort();
    samples
}

fn number(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else {
        value.to_string()
    }
}

/// The same lines, written from the typed values.
fn written(prometheus: &Prometheus) -> Vec<(String, String)> {
    let mut samples = Vec::new();
    for family in prometheus.snapshot().families {
        for series in family.series {
            let escape = |value: &str| {
                value
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n")
            };
            let pairs = series
                .labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escape(value)));
            let pairs: Vec<_> = pairs.collect();
            let line = |suffix: &str, bound: Option<String>| {
                let all: Vec<_> = pairs.iter().cloned().chain(bound).collect();
                if all.is_empty() {
                    format!("{}{suffix}", family.name)
                } else {
                    format!("{}{suffix}{{{}}}", family.name, all.join(","))
                }
            };
            match series.value {
                Value::Counter(value) | Value::Gauge(value) => {
                    samples.push((line("", None), number(value)));
                }
                Value::Histogram(histogram) => {
                    for (bound, count) in histogram.buckets {
                        let le = format!("le=\"{}\"", number(bound));
                        samples.push((line("_bucket", Some(le)), count.to_string()));
                    }
                    samples.push((line("_sum", None), number(histogram.sum)));
                    samples.push((line("_count", None), histogram.count.to_string()));
                }
            }
        }
    }
    samples.sort();
    samples
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn labels_and_values_equal_those_of_the_text(
        values in prop::collection::vec((any::<String>(), 0..1_u64 << 53, any::<f64>()), 1..8),
    ) {
        let prometheus = recorder();
        for (text, total, number) in &values {
            let labels = [("kind", &**text), ("fixed", "x")];
            prometheus.register_counter(&key("any_total", &labels), &METADATA).absolute(*total);
            if !number.is_nan() {
                prometheus.register_gauge(&key("any", &labels), &METADATA).set(*number);
                if number.is_finite() {
                    prometheus.register_histogram(&key("wait_seconds", &labels), &METADATA).record(number.abs() % 5.0);
                }
            }
        }
        prop_assert_eq!(samples(&prometheus.render()), written(&prometheus));
    }

    #[test]
    fn quantiles_rise_with_q_within_the_bounds(
        waits in prop::collection::vec(0.0..4.0_f64, 1..50),
        mut qs in prop::collection::vec(0.0..=1.0_f64, 2),
    ) {
        let prometheus = recorder();
        let handle = prometheus.register_histogram(&key("wait_seconds", &[]), &METADATA);
        for wait in &waits {
            handle.record(*wait);
        }
        let histogram = prometheus.snapshot().histogram("wait_seconds", &[]).unwrap();
        qs.sort_by(f64::total_cmp);
        let [low, high] = [histogram.quantile(qs[0]).unwrap(), histogram.quantile(qs[1]).unwrap()];
        prop_assert!(0.0 <= low && low <= high && high <= 2.5, "{low} {high}");
    }
}
