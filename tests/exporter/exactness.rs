//! Nothing is lost or counted twice while threads record and others render, and every render is consistent in itself.
//!
//! `VITALS_EXACT_SAMPLES` is the number of samples of all threads together. The default of 4,000,000 takes a debug build
//! some 5 s. 10,000,000 is the full number, which takes three times as long.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use metrics::{counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;

use crate::support::exposition::{Exposition, Labels, Number, of_snapshot};

const THREADS: u64 = 4;
/// Dyadic, so that sums are exact in any order. One sample is above all bounds.
const SAMPLES: [f64; 5] = [0.25, 0.5, 0.75, 1.5, 8.0];
const BOUNDS: [f64; 4] = [0.25, 0.5, 1.0, 2.0];
/// One operation in this many registers its series anew.
const UNCACHED: u64 = 15;

fn samples() -> u64 {
    let samples = std::env::var("VITALS_EXACT_SAMPLES").ok();
    samples.map_or(4_000_000, |samples| samples.parse().unwrap())
}

type Values = BTreeMap<(String, Labels), Number>;

/// Asserts that every value that only rises has not fallen since the last reading, and that each histogram agrees with
/// itself.
fn assert_consistent(values: &Values, before: &Values) {
    for ((name, labels), value) in values {
        let previous = before.get(&(name.clone(), labels.clone()));
        let previous = previous.map_or(0.0, |previous| previous.as_f64());
        assert!(
            value.as_f64() >= previous,
            "{name}{labels:?}: {previous}, then {value:?}"
        );
        if let Some(histogram) = name.strip_suffix("_count") {
            let mut buckets: Vec<(f64, f64)> = values
                .iter()
                .filter(|((name, own), _)| {
                    let is_of = labels
                        .iter()
                        .all(|(label, value)| own.get(label) == Some(value));
                    name.strip_suffix("_bucket") == Some(histogram)
                        && is_of
                        && own.len() == labels.len() + 1
                })
                .map(|((_, own), count)| (own["le"].parse().unwrap(), count.as_f64()))
                .collect();
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert_eq!(buckets.len(), BOUNDS.len() + 1, "{name}{labels:?}");
            assert!(
                buckets.is_sorted_by(|a, b| a.1 <= b.1),
                "{name}{labels:?}: {buckets:?}"
            );
            assert_eq!(
                buckets[BOUNDS.len()],
                (f64::INFINITY, value.as_f64()),
                "{name}{labels:?}"
            );
        }
    }
    for series in before.keys() {
        assert!(values.contains_key(series), "{series:?} is gone");
    }
}

/// Records this thread's share with kept and with new handles, by turns in a series of all threads and in one of its own.
fn record(prometheus: &Prometheus, thread: u64, samples: u64) {
    with_local_recorder(prometheus, || {
        let own = thread.to_string();
        let counters = [
            counter!("shared_total"),
            counter!("own_total", "thread" => own.clone()),
        ];
        let histograms = [
            histogram!("shared_seconds"),
            histogram!("own_seconds", "thread" => own.clone()),
        ];
        for n in 0..samples {
            let sample = SAMPLES[(n / 2 % 5) as usize];
            let turn = (n % 2) as usize;
            if n % UNCACHED != 0 {
                counters[turn].increment(3);
                histograms[turn].record(sample);
            } else if turn == 0 {
                counter!("shared_total").increment(3);
                histogram!("shared_seconds").record(sample);
            } else {
                counter!("own_total", "thread" => own.clone()).increment(3);
                histogram!("own_seconds", "thread" => own.clone()).record(sample);
            }
        }
    });
}

/// Ends the readers, even if a writer panics.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Reads until `is_done`, and returns how often it read.
fn read(is_done: &AtomicBool, values: impl Fn() -> Values) -> usize {
    let mut before = Values::new();
    let mut reads = 0;
    while !is_done.load(Ordering::Acquire) {
        let values = values();
        assert_consistent(&values, &before);
        before = values;
        reads += 1;
    }
    reads
}

#[test]
fn no_sample_is_lost_while_others_render() {
    let prometheus = Prometheus::builder()
        .buckets("shared_seconds", &BOUNDS)
        .buckets("own_seconds", &BOUNDS)
        .build()
        .unwrap();
    // Every thread does a whole number of rounds through the samples, for both series.
    let each = samples().div_ceil(THREADS).next_multiple_of(10);
    let is_done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let texts = scope.spawn(|| {
            read(&is_done, || {
                let text = Exposition::parse(&prometheus.render());
                text.assert_valid();
                text.values()
            })
        });
        let snapshots = scope.spawn(|| read(&is_done, || of_snapshot(&prometheus.snapshot())));
        let done = Done(&is_done);
        let writers = (0..THREADS).map(|thread| {
            let prometheus = &prometheus;
            scope.spawn(move || record(prometheus, thread, each))
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.join().unwrap();
        }
        drop(done);
        [texts.join().unwrap(), snapshots.join().unwrap()]
    });
    assert!(reads.iter().all(|reads| *reads > 1), "{reads:?}");

    let text = Exposition::parse(&prometheus.render());
    assert_eq!(text.values(), of_snapshot(&prometheus.snapshot()));
    let half = each / 2;
    assert_eq!(text.value("shared_total", &[]), (3 * THREADS * half) as f64);
    assert_histogram(&text, "shared_seconds", &[], THREADS * half / 5);
    for thread in 0..THREADS {
        let thread = thread.to_string();
        let labels = [("thread", &*thread)];
        assert_eq!(text.value("own_total", &labels), (3 * half) as f64);
        assert_histogram(&text, "own_seconds", &labels, half / 5);
    }
}

/// Asserts that the histogram has each of the samples `rounds` times.
#[track_caller]
fn assert_histogram(text: &Exposition, name: &str, labels: &[(&str, &str)], rounds: u64) {
    let buckets = format!("{name}_bucket");
    for (bound, below) in [(0.25, 1), (0.5, 2), (1.0, 3), (2.0, 4), (f64::INFINITY, 5)] {
        let bucket = text.of(&buckets).find(|sample| {
            let mut own = labels.iter();
            own.all(|(label, value)| sample.label(label) == Some(value))
                && sample.label("le").unwrap().parse() == Ok(bound)
        });
        let expected = Number::Whole(below * rounds);
        assert_eq!(bucket.unwrap().value, expected, "{name}{labels:?} {bound}");
    }
    let count = text.value(&format!("{name}_count"), labels);
    assert_eq!(count, (5 * rounds) as f64, "{name}{labels:?}");
    let sum = text.value(&format!("{name}_sum"), labels);
    let round: f64 = SAMPLES.iter().sum();
    assert_eq!(sum, round * rounds as f64, "{name}{labels:?}");
}

#[test]
fn threads_that_register_a_series_at_once_share_it() {
    const THREADS: usize = 4;
    const SERIES: usize = 500;

    let prometheus = Prometheus::builder().build().unwrap();
    let all = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (prometheus, all) = (&prometheus, &all);
            scope.spawn(move || {
                all.wait();
                with_local_recorder(prometheus, || {
                    for series in 0..SERIES {
                        let mut labels =
                            [("series", series.to_string()), ("shop", "eu".to_owned())];
                        if thread % 2 == 0 {
                            labels.reverse();
                        }
                        counter!("new_total", &labels).increment(1);
                        gauge!("new", &labels).increment(1.0);
                        histogram!("new_seconds", &labels).record(0.5);
                    }
                });
            });
        }
    });
    let text = Exposition::parse(&prometheus.render());
    text.assert_valid();
    assert_eq!(text.values(), of_snapshot(&prometheus.snapshot()));
    for name in ["new_total", "new", "new_seconds_count"] {
        assert_eq!(text.of(name).count(), SERIES, "{name}");
        let mut values = text.of(name).map(|sample| sample.value.as_f64());
        assert!(values.all(|value| value == THREADS as f64), "{name}");
    }
}
