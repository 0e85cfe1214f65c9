//! The ring beside a plain list of everything it was given.
#![expect(clippy::float_cmp, reason = "what was kept is what was recorded")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Key, Label, Level, Metadata, Recorder};
use proptest::prelude::*;

use super::change::Held;
use super::replay::Replay;
use super::ring::{Bounds, Ring};
use super::{History, Keep, Query, Timeline};
use crate::Prometheus;
use crate::catalog::Kind;
use crate::exporter::{Family, Histogram, Series, Value};

const BOUNDS: [f64; 3] = [1.0, 2.0, f64::INFINITY];

fn ring(ticks: usize, series: usize) -> Ring {
    let bounds = Bounds {
        ticks,
        window: Duration::from_hours(1),
        series,
    };
    Ring::new(bounds, UNIX_EPOCH)
}

/// Series `n` of a family.
fn labels(n: usize) -> Vec<(String, String)> {
    vec![
        ("n".to_owned(), n.to_string()),
        ("text".to_owned(), "\u{e4}\",\n".repeat(n * 40)),
    ]
}

fn family(name: &str, kind: Kind, values: impl IntoIterator<Item = Option<Value>>) -> Family {
    let series = values.into_iter().enumerate().filter_map(|(n, value)| {
        Some(Series {
            labels: labels(n),
            value: value?,
        })
    });
    Family {
        name: name.to_owned(),
        kind,
        help: String::new(),
        series: series.collect(),
    }
}

fn counters(values: &[Option<f64>]) -> Vec<Family> {
    let values = values.iter().map(|value| value.map(Value::Counter));
    vec![family("a_total", Kind::Counter, values)]
}

fn histogram(alone: [u64; 3], sum: f64) -> Value {
    let mut count = 0;
    let buckets = BOUNDS.iter().zip(alone).map(|(bound, alone)| {
        count += alone;
        (*bound, count)
    });
    let buckets = buckets.collect();
    Value::Histogram(Histogram {
        buckets,
        sum,
        count,
    })
}

fn second(n: usize) -> (Duration, SystemTime) {
    let at = Duration::from_secs(n as u64);
    (at, UNIX_EPOCH + at)
}

/// Records these as a tick a second, from the first second on.
fn record(ring: &mut Ring, ticks: &[Vec<Family>]) {
    for (n, families) in ticks.iter().enumerate() {
        let (at, taken_at) = second(n + 1);
        ring.record(families, at, taken_at);
    }
}

fn answer(ring: &Ring, query: &Query) -> Vec<Timeline> {
    let metric = &ring.metrics[&query.metric];
    query.answer(ring, metric, query.matching(metric))
}

/// The points of a timeline, by the second.
fn points(timeline: &Timeline) -> Vec<(u64, f64)> {
    let second = |when: &SystemTime| when.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let points = timeline.points.iter();
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
    let alone = prop_oneof![4 => 0..3_u64, 1 => 0..u64::MAX / 4];
    (prop::array::uniform3(alone), any_number()).prop_map(|(alone, sum)| histogram(alone, sum))
}

fn sometimes<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Vec<Option<T>>> {
    prop::collection::vec(prop::option::weighted(0.8, value), 4)
}

/// A tick in which any series may be missing, and whose series come in any order.
fn any_tick() -> impl Strategy<Value = Vec<Family>> {
    let values = (
        sometimes(any_number().prop_map(Value::Counter)),
        sometimes(any_number().prop_map(Value::Gauge)),
        sometimes(any_histogram()),
        any::<bool>(),
    );
    values.prop_map(|(counters, gauges, histograms, is_turned)| {
        let mut families = vec![
            family("a_total", Kind::Counter, counters),
            family("b", Kind::Gauge, gauges),
            family("h", Kind::Histogram, histograms),
        ];
        families.retain(|family| !family.series.is_empty());
        for family in &mut families {
            if is_turned {
                family.series.reverse();
            }
        }
        families
    })
}

fn held(families: &[Family], name: &str, labels: &[(String, String)]) -> Held {
    let family = families.iter().find(|family| family.name == name);
    let mut series = family.into_iter().flat_map(|family| &family.series);
    let series = series.find(|series| series.labels == labels);
    series.map_or(Held::Absent, |series| Held::of(&series.value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_read_back_is_what_was_recorded(
        ticks in prop::collection::vec(any_tick(), 1..12),
        most in 1..8_usize,
    ) {
        let mut ring = ring(most, 100);
        record(&mut ring, &ticks);
        let kept = &ticks[ticks.len().saturating_sub(most)..];
        prop_assert_eq!(ring.ticks.len(), kept.len());
        for (name, metric) in &ring.metrics {
            let mut series: Vec<_> = metric.series().collect();
            series.sort_by_key(|(id, _)| *id);
            let mut replay = Replay::new(&ring, series.iter().map(|(id, _)| *id).collect());
            for (n, families) in kept.iter().enumerate() {
                prop_assert!(replay.next().is_some());
                for (track, (_, labels)) in replay.tracks.iter().zip(&series) {
                    let now = held(families, name, labels);
                    prop_assert!(track.now.is(&now), "{name} {n}: {:?}, not {now:?}", track.now);
                    if n > 0 {
                        let was = held(&kept[n - 1], name, labels);
                        prop_assert!(track.was.is(&was), "{name} {n}: {:?}, not {was:?}", track.was);
                    }
                }
            }
            prop_assert!(replay.next().is_none());
        }
    }

    #[test]
    fn no_rate_is_negative_and_they_add_up_to_what_was_counted(
        totals in prop::collection::vec(prop::option::weighted(0.8, 0..50_u32), 2..12),
    ) {
        let totals: Vec<_> = totals.into_iter().map(|total| total.map(f64::from)).collect();
        let ticks: Vec<_> = totals.iter().map(|total| counters(&[*total, Some(1.0)])).collect();
        let mut ring = ring(100, 100);
        record(&mut ring, &ticks);
        let came = totals.windows(2).filter_map(|pair| Some(match (pair[0], pair[1]?) {
            (Some(was), now) if now >= was => now - was,
            (_, now) => now,
        }));
        let (came, rates) = (came.sum::<f64>(), answer(&ring, &Query::rate("a_total").sum()));
        let rates = points(&rates[0]);
        prop_assert!(rates.iter().all(|(_, rate)| *rate >= 0.0));
        prop_assert_eq!(rates.len(), ticks.len() - 1);
        prop_assert_eq!(rates.iter().map(|(_, rate)| rate).sum::<f64>(), came);
    }
}

#[test]
fn a_reset_is_new_from_zero_and_so_is_a_series_that_comes() {
    let mut ring = ring(100, 100);
    let ticks = [
        [Some(10.0), None],
        [Some(12.5), None],
        [Some(4.0), Some(3.0)],
        [Some(4.0), None],
        [Some(5.0), Some(1.0)],
    ];
    record(&mut ring, &ticks.map(|values| counters(&values)));
    let rates = answer(&ring, &Query::rate("a_total"));
    assert_eq!(points(&rates[0]), [(2, 2.5), (3, 4.0), (4, 0.0), (5, 1.0)]);
    assert_eq!(points(&rates[1]), [(3, 3.0), (5, 1.0)]);
    let values = answer(&ring, &Query::values("a_total"));
    assert_eq!(points(&values[1]), [(3, 3.0), (5, 1.0)]);
    let sum = answer(&ring, &Query::rate("a_total").sum());
    assert_eq!(points(&sum[0]), [(2, 2.5), (3, 7.0), (4, 0.0), (5, 2.0)]);
    let one = answer(&ring, &Query::values("a_total").label("n", "1").sum());
    assert_eq!(points(&one[0]), [(3, 3.0), (5, 1.0)]);
    assert_eq!(one[0].labels, [("n".to_owned(), "1".to_owned())]);
}

#[test]
fn distributions_are_of_what_came_between_ticks() {
    let mut ring = ring(100, 100);
    let ticks = [
        ([4, 0, 0], 2.0),
        ([4, 10, 0], 17.0),
        ([4, 10, 0], 17.0),
        // It began anew.
        ([2, 0, 0], 1.0),
    ];
    let ticks = ticks.map(|(alone, sum)| {
        let other = Some(histogram([1, 1, 0], 2.0));
        let values = [Some(histogram(alone, sum)), other];
        vec![family("h", Kind::Histogram, values)]
    });
    record(&mut ring, &ticks);
    for is_sum in [false, true] {
        let asked = |query: Query| {
            let query = if is_sum { query.sum() } else { query };
            points(&answer(&ring, &query)[0])
        };
        assert_eq!(asked(Query::quantile("h", 0.5)), [(2, 1.5), (4, 0.5)]);
        assert_eq!(asked(Query::average("h")), [(2, 1.5), (4, 0.5)]);
        assert_eq!(asked(Query::rate("h")), [(2, 10.0), (3, 0.0), (4, 2.0)]);
    }
}

#[test]
fn ticks_leave_by_their_number_and_by_their_age() {
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
    assert_eq!(
        seconds(&ring),
        [2, 3, 4, 5],
        "and the one that came late is left out"
    );
    let values = answer(
        &ring,
        &Query::values("a_total").window(Duration::from_secs(2)),
    );
    assert_eq!(points(&values[0]), [(4, 4.0), (5, 5.0)]);
    let rates = answer(
        &ring,
        &Query::rate("a_total").window(Duration::from_secs(1)),
    );
    assert_eq!(
        points(&rates[0]),
        [(5, 1.0)],
        "of what came since the tick before it"
    );
    let (at, taken_at) = second(14);
    ring.record(&counters(&[Some(14.0)]), at, taken_at);
    assert_eq!(seconds(&ring), [4, 5, 14]);
    let values = answer(&ring, &Query::values("a_total"));
    assert_eq!(points(&values[0]), [(4, 4.0), (5, 5.0), (14, 14.0)]);
}

#[test]
fn the_first_series_are_kept_and_the_others_counted() {
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
    assert_eq!((ring.series(), ring.left_out), (2, 3));
    assert!(!ring.metrics.contains_key("b"));
    let rates = answer(&ring, &Query::rate("a_total"));
    assert_eq!(points(&rates[1]), [(2, 2.0), (3, 2.0)]);
}

#[test]
fn series_that_do_not_change_take_nothing_and_few_bytes_if_they_do() {
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
fn a_quantile_is_that_of_the_snapshots_difference() {
    let prometheus = Prometheus::builder()
        .history(Keep::every(Duration::from_mins(1)))
        .build()
        .unwrap();
    let history: &History = prometheus.history().unwrap();
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
    let came = prometheus.snapshot().since(&before);
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
        let histogram = came.snapshot.histogram("wait_seconds", labels).unwrap();
        assert_eq!(
            found[0].points.last().unwrap().1,
            histogram.quantile(q).unwrap()
        );
    }
}

#[test]
fn a_panic_half_way_through_a_tick_begins_it_anew() {
    let prometheus = Prometheus::builder()
        .history(Keep::default())
        .build()
        .unwrap();
    let history = prometheus.history().unwrap().clone();
    let poisoning = history.clone();
    let panicked = std::thread::spawn(move || {
        let _ring = poisoning.write();
        panic!("half way");
    });
    assert!(panicked.join().is_err());
    assert_eq!(history.kept().ticks, 1, "it can be read until then");
    assert_eq!(history.write().ticks.len(), 0);
    history.tick();
    history.tick();
    assert_eq!(history.kept().ticks, 2);
}
