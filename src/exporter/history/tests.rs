//! Compares the ring with a plain list of all recorded ticks.
#![expect(clippy::float_cmp, reason = "stored values are exact")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Key, Label, Level, Metadata, Recorder};
use proptest::prelude::*;

use super::query::HistoryQuery as Query;
use super::replay::Replay;
use super::ring::{Bounds, Ring};
use super::sample::Sample;
use super::{HistoryConfig, MetricsHistory, TimeSeries};
use crate::Prometheus;
use crate::catalog::Kind;
use crate::exporter::{FamilySnapshot, HistogramSnapshot, Labels, Series, Value};

const BOUNDS: [f64; 3] = [1.0, 2.0, f64::INFINITY];

fn ring(ticks: usize, series: usize) -> Ring {
    let bounds = Bounds {
        ticks,
        window: Duration::from_hours(1),
        series,
    };
    Ring::new(bounds, UNIX_EPOCH)
}

fn shared(labels: &[(String, String)]) -> Labels {
    labels.to_vec().into()
}

/// Series `n` of a family.
fn labels(n: usize) -> Vec<(String, String)> {
    vec![
        ("n".to_owned(), n.to_string()),
        ("text".to_owned(), "\u{e4}\",\n".repeat(n * 40)),
    ]
}

fn family(
    name: &str,
    kind: Kind,
    values: impl IntoIterator<Item = Option<Value>>,
) -> FamilySnapshot {
    let series = values.into_iter().enumerate().filter_map(|(n, value)| {
        Some(Series {
            labels: shared(&labels(n)),
            value: value?,
        })
    });
    FamilySnapshot {
        name: name.to_owned(),
        kind,
        help: String::new(),
        series: series.collect(),
    }
}

fn counters(values: &[Option<f64>]) -> Vec<FamilySnapshot> {
    let values = values.iter().map(|value| value.map(Value::Counter));
    vec![family("a_total", Kind::Counter, values)]
}

fn histogram(counts: [u64; 3], sum: f64) -> Value {
    let mut count = 0;
    let buckets = BOUNDS.iter().zip(counts).map(|(bound, own)| {
        count += own;
        (*bound, count)
    });
    let buckets = buckets.collect();
    Value::Histogram(HistogramSnapshot {
        buckets,
        sum,
        count,
        ..HistogramSnapshot::default()
    })
}

fn second(n: usize) -> (Duration, SystemTime) {
    let at = Duration::from_secs(n as u64);
    (at, UNIX_EPOCH + at)
}

/// Records one tick per second, from second 1 on.
fn record(ring: &mut Ring, ticks: &[Vec<FamilySnapshot>]) {
    for (n, families) in ticks.iter().enumerate() {
        let (at, taken_at) = second(n + 1);
        ring.record(families, at, taken_at);
    }
}

fn evaluate(ring: &Ring, query: &Query) -> Vec<TimeSeries> {
    let metric = &ring.metrics[&query.metric];
    query.evaluate(ring, metric, query.matching(metric))
}

/// The points by second.
fn points(series: &TimeSeries) -> Vec<(u64, f64)> {
    let second = |when: &SystemTime| when.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let points = series.points.iter();
    points.map(|(when, value)| (second(when), *value)).collect()
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0..20).prop_map(f64::from),
        2 => 0.0..3.0,
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(2_f64.powi(60))],
    ]
}

fn any_histogram() -> impl Strategy<Value = Value> {
    let count = prop_oneof![4 => 0..3_u64, 1 => 0..u64::MAX / 4];
    (prop::array::uniform3(count), any_number()).prop_map(|(counts, sum)| histogram(counts, sum))
}

fn sometimes<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Vec<Option<T>>> {
    prop::collection::vec(prop::option::weighted(0.8, value), 4)
}

/// A tick in which any series may be missing, in either order of series.
fn any_tick() -> impl Strategy<Value = Vec<FamilySnapshot>> {
    let values = (
        sometimes(any_number().prop_map(Value::Counter)),
        sometimes(any_number().prop_map(Value::Gauge)),
        sometimes(any_histogram()),
        any::<bool>(),
    );
    values.prop_map(|(counters, gauges, histograms, is_reversed)| {
        let mut families = vec![
            family("a_total", Kind::Counter, counters),
            family("b", Kind::Gauge, gauges),
            family("h", Kind::Histogram, histograms),
        ];
        families.retain(|family| !family.series.is_empty());
        for family in &mut families {
            if is_reversed {
                family.series.reverse();
            }
        }
        families
    })
}

fn sample(families: &[FamilySnapshot], name: &str, labels: &[(String, String)]) -> Sample {
    let family = families.iter().find(|family| family.name == name);
    let mut series = family.into_iter().flat_map(|family| &family.series);
    let series = series.find(|series| series.labels == shared(labels));
    series.map_or(Sample::Absent, |series| Sample::from(&series.value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn replayed_samples_equal_the_recorded_ones(
        ticks in prop::collection::vec(any_tick(), 1..12),
        max_ticks in 1..8_usize,
    ) {
        let mut ring = ring(max_ticks, 100);
        record(&mut ring, &ticks);
        let remaining = &ticks[ticks.len().saturating_sub(max_ticks)..];
        prop_assert_eq!(ring.ticks.len(), remaining.len());
        for (name, metric) in &ring.metrics {
            let mut series: Vec<_> = metric.series().collect();
            series.sort_by_key(|(id, _)| *id);
            let mut replay = Replay::new(&ring, series.iter().map(|(id, _)| *id).collect());
            for (n, families) in remaining.iter().enumerate() {
                prop_assert!(replay.next().is_some());
                for (track, (_, labels)) in replay.tracks.iter().zip(&series) {
                    let current = sample(families, name, labels);
                    prop_assert!(track.current.is_identical(&current), "{name} {n}: {track:?}, not {current:?}");
                    if n > 0 {
                        let previous = sample(&remaining[n - 1], name, labels);
                        prop_assert!(track.previous.is_identical(&previous), "{name} {n}: {track:?}, not {previous:?}");
                    }
                }
            }
            prop_assert!(replay.next().is_none());
        }
    }

    #[test]
    fn rates_are_not_negative_and_add_up_to_the_total(
        totals in prop::collection::vec(prop::option::weighted(0.8, 0..50_u32), 2..12),
    ) {
        let totals: Vec<_> = totals.into_iter().map(|total| total.map(f64::from)).collect();
        let ticks: Vec<_> = totals.iter().map(|total| counters(&[*total, Some(1.0)])).collect();
        let mut ring = ring(100, 100);
        record(&mut ring, &ticks);
        let increases = totals.windows(2).filter_map(|pair| Some(match (pair[0], pair[1]?) {
            (Some(previous), now) if now >= previous => now - previous,
            (_, now) => now,
        }));
        let (total, rates) = (increases.sum::<f64>(), evaluate(&ring, &Query::rate("a_total").sum()));
        let rates = points(&rates[0]);
        prop_assert!(rates.iter().all(|(_, rate)| *rate >= 0.0));
        prop_assert_eq!(rates.len(), ticks.len() - 1);
        prop_assert_eq!(rates.iter().map(|(_, rate)| rate).sum::<f64>(), total);
    }
}

#[test]
fn restarted_and_new_series_start_at_zero() {
    let mut ring = ring(100, 100);
    let ticks = [
        [Some(10.0), None],
        [Some(12.5), None],
        [Some(4.0), Some(3.0)],
        [Some(4.0), None],
        [Some(5.0), Some(1.0)],
    ];
    record(&mut ring, &ticks.map(|values| counters(&values)));
    let rates = evaluate(&ring, &Query::rate("a_total"));
    assert_eq!(points(&rates[0]), [(2, 2.5), (3, 4.0), (4, 0.0), (5, 1.0)]);
    assert_eq!(points(&rates[1]), [(3, 3.0), (5, 1.0)]);
    let values = evaluate(&ring, &Query::values("a_total"));
    assert_eq!(points(&values[1]), [(3, 3.0), (5, 1.0)]);
    let sum = evaluate(&ring, &Query::rate("a_total").sum());
    assert_eq!(points(&sum[0]), [(2, 2.5), (3, 7.0), (4, 0.0), (5, 2.0)]);
    let one = evaluate(&ring, &Query::values("a_total").label("n", "1").sum());
    assert_eq!(points(&one[0]), [(3, 3.0), (5, 1.0)]);
    assert_eq!(one[0].labels, [("n".to_owned(), "1".to_owned())]);
}

#[test]
fn distributions_are_those_of_the_samples_between_ticks() {
    let mut ring = ring(100, 100);
    let ticks = [
        ([4, 0, 0], 2.0),
        ([4, 10, 0], 17.0),
        ([4, 10, 0], 17.0),
        // A restart.
        ([2, 0, 0], 1.0),
    ];
    let ticks = ticks.map(|(counts, sum)| {
        let other = Some(histogram([1, 1, 0], 2.0));
        let values = [Some(histogram(counts, sum)), other];
        vec![family("h", Kind::Histogram, values)]
    });
    record(&mut ring, &ticks);
    for is_sum in [false, true] {
        let measure = |query: Query| {
            let query = if is_sum { query.sum() } else { query };
            points(&evaluate(&ring, &query)[0])
        };
        assert_eq!(measure(Query::quantile("h", 0.5)), [(2, 1.5), (4, 0.5)]);
        assert_eq!(measure(Query::average("h")), [(2, 1.5), (4, 0.5)]);
        assert_eq!(measure(Query::rate("h")), [(2, 10.0), (3, 0.0), (4, 2.0)]);
    }
}

#[test]
fn ticks_expire_by_number_and_by_age() {
    let mut ring = Ring::new(
        Bounds {
            ticks: 4,
            window: Duration::from_secs(10),
            series: 10,
        },
        UNIX_EPOCH,
    );
    let seconds = |ring: &Ring| {
        let ticks = ring.ticks.iter();
        ticks.map(|tick| tick.at.as_secs()).collect::<Vec<_>>()
    };
    for n in [1, 2, 3, 4, 5, 4] {
        let (at, taken_at) = second(n);
        ring.record(&counters(&[Some(n as f64)]), at, taken_at);
    }
    assert_eq!(seconds(&ring), [2, 3, 4, 5], "a late tick is ignored");
    let values = evaluate(
        &ring,
        &Query::values("a_total").window(Duration::from_secs(2)),
    );
    assert_eq!(points(&values[0]), [(4, 4.0), (5, 5.0)]);
    let rates = evaluate(
        &ring,
        &Query::rate("a_total").window(Duration::from_secs(1)),
    );
    assert_eq!(
        points(&rates[0]),
        [(5, 1.0)],
        "the rate since the previous tick"
    );
    let (at, taken_at) = second(14);
    ring.record(&counters(&[Some(14.0)]), at, taken_at);
    assert_eq!(seconds(&ring), [4, 5, 14]);
    let values = evaluate(&ring, &Query::values("a_total"));
    assert_eq!(points(&values[0]), [(4, 4.0), (5, 5.0), (14, 14.0)]);
}

#[test]
fn series_above_the_limit_are_dropped_and_counted() {
    let mut ring = ring(10, 2);
    record(
        &mut ring,
        &[
            counters(&[Some(1.0)]),
            counters(&[Some(1.0), Some(2.0), Some(3.0)]),
            [
                counters(&[None, Some(4.0), Some(5.0), Some(6.0)]),
                vec![family("b", Kind::Gauge, [Some(Value::Gauge(1.0))])],
            ]
            .concat(),
        ],
    );
    assert_eq!((ring.series(), ring.series_dropped), (2, 3));
    assert!(!ring.metrics.contains_key("b"));
    let rates = evaluate(&ring, &Query::rate("a_total"));
    assert_eq!(points(&rates[1]), [(2, 2.0), (3, 2.0)]);
}

#[test]
fn unchanged_series_take_no_bytes_and_changed_ones_two() {
    let mut ring = ring(1_000, 1_000);
    let values = |n: usize| {
        let values = (0..100).map(|_| Some(Value::Counter(n as f64)));
        vec![family("a_total", Kind::Counter, values)]
    };
    let per_tick = |ring: &Ring| ring.ticks.back().unwrap().changes.len();
    record(&mut ring, &[values(1), values(1)]);
    assert_eq!(per_tick(&ring), 0);
    let (at, taken_at) = second(10);
    ring.record(&values(50), at, taken_at);
    assert_eq!(per_tick(&ring), 200);
}

#[test]
fn quantiles_equal_those_of_the_snapshots_delta() {
    let prometheus = Prometheus::builder()
        .history(HistoryConfig::new().interval(Duration::from_mins(1)))
        .build()
        .unwrap();
    let history: &MetricsHistory = prometheus.history().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    let [eu, us] = ["eu", "us"].map(|shop| {
        let key = Key::from_parts("wait_seconds", vec![Label::new("shop", shop)]);
        prometheus.register_histogram(&key, &metadata)
    });
    eu.record_many(0.3, 7);
    history.tick();
    let before = prometheus.snapshot();
    for n in 0..100 {
        eu.record(f64::from(n) / 20.0);
        us.record(f64::from(n) / 400.0);
    }
    history.tick();
    let delta = prometheus.snapshot().since(&before);
    for (labels, q) in [
        (&[("shop", "eu")][..], 0.5),
        (&[("shop", "us")], 0.99),
        (&[], 0.95),
    ] {
        let mut query = Query::quantile("wait_seconds", q).sum();
        for (name, value) in labels {
            query = query.label(*name, *value);
        }
        let found = history.query(&query).unwrap();
        let histogram = delta.snapshot.histogram("wait_seconds", labels).unwrap();
        assert_eq!(
            found[0].points.last().unwrap().1,
            histogram.quantile(q).unwrap()
        );
    }
}

#[test]
fn a_panic_during_a_tick_empties_the_ring() {
    let prometheus = Prometheus::builder()
        .history(HistoryConfig::new())
        .build()
        .unwrap();
    let history = prometheus.history().unwrap().clone();
    let poisoning = history.clone();
    let panicked = std::thread::spawn(move || {
        let _ring = poisoning.write();
        panic!("during a write");
    });
    assert!(panicked.join().is_err());
    assert_eq!(
        history.stats().ticks,
        1,
        "it remains readable until the next write"
    );
    assert_eq!(history.write().ticks.len(), 0);
    history.tick();
    history.tick();
    assert_eq!(history.stats().ticks, 2);
}
