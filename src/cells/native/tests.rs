#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // No count of these tests is large.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;

use super::exponential::{coarser, finest_index};
use super::exponential_tests::{numbers, power};
use super::{MAX_SCHEMA, MIN_SCHEMA, NativeCells, NativeCounts, NativeLayout, NativeOptions};
use crate::cells::{Bounds, HistogramCells};

const BOUNDS: [f64; 5] = [-1.0, 0.0, 0.005, 0.25, 1.0];

fn options(schema: i8, max_buckets: usize) -> NativeOptions {
    NativeOptions {
        schema,
        zero_threshold: 2_f64.powi(-128),
        max_buckets,
    }
}

fn bounds() -> Arc<Bounds> {
    Arc::new(Bounds::new(BOUNDS))
}

fn of(options: NativeOptions, bounds: Arc<Bounds>) -> NativeCells {
    NativeCells::new(Arc::new(NativeLayout::new(options, bounds)))
}

fn cells(schema: i8, max_buckets: usize) -> NativeCells {
    of(options(schema, max_buckets), bounds())
}

fn read(cells: &NativeCells) -> (Vec<u64>, NativeCounts, f64) {
    let (mut counts, mut native) = (Vec::new(), NativeCounts::default());
    let sum = cells.read_native(&mut counts, &mut native);
    (counts, native, sum)
}

fn total(native: &NativeCounts) -> u64 {
    let buckets = native.positive.iter().chain(&native.negative);
    native.zero + buckets.map(|(_, count)| count).sum::<u64>()
}

#[test]
fn a_new_histogram_is_empty() {
    let (counts, native, sum) = read(&cells(3, 160));
    assert_eq!(counts, [0; 6]);
    let expected = NativeCounts {
        schema: 3,
        ..NativeCounts::default()
    };
    assert_eq!((native, sum.to_bits()), (expected, 0.0_f64.to_bits()));
}

#[test]
fn samples_are_in_both_kinds_of_buckets() {
    let cells = cells(0, 160);
    for value in [
        0.0, -0.0, 1e-40, -1e-40, 1.0, 0.75, 0.5, 3.0, -3.0, -4.0, 0.2,
    ] {
        cells.record(value);
    }
    cells.record_many(100.0, 10);
    let (counts, native, sum) = read(&cells);
    // Above -1: -1e-40, 0 and -0 are up to 0; 1e-40 is up to 0.005; 0.2 is up to 0.25.
    assert_eq!(counts, [2, 3, 1, 1, 3, 11]);
    let expected = NativeCounts {
        schema: 0,
        zero: 4,
        positive: vec![(-2, 1), (-1, 1), (0, 2), (2, 1), (7, 10)],
        negative: vec![(2, 2)],
    };
    assert_eq!(native, expected);
    assert!((sum - 998.45).abs() < 1e-9, "{sum}");
}

#[test]
fn at_the_limit_the_resolution_is_halved() {
    let cells = cells(8, 10);
    for index in 1..=10 {
        cells.record(power(f64::from(index) / 256.0) * 0.9999);
    }
    let (_, native, _) = read(&cells);
    assert_eq!((native.schema, native.buckets()), (8, 10));
    cells.record(power(11.0 / 256.0) * 0.9999);
    let (_, native, _) = read(&cells);
    assert_eq!(native.schema, 7);
    assert_eq!(
        native.positive,
        [(1, 2), (2, 2), (3, 2), (4, 2), (5, 2), (6, 1)]
    );
    // Far from each other, so halving once does not suffice.
    for exponent in 0..8 {
        cells.record(power(f64::from(exponent * 16)));
    }
    let (_, native, _) = read(&cells);
    assert!(native.buckets() <= 10 && native.schema < 6, "{native:?}");
    assert_eq!(total(&native), 19);
}

#[test]
fn the_coarsest_schema_holds_all_numbers() {
    let cells = of(
        NativeOptions {
            schema: 8,
            zero_threshold: 0.0,
            max_buckets: 10,
        },
        bounds(),
    );
    let numbers = numbers(20_000);
    for number in &numbers {
        cells.record(*number);
        cells.record(-*number);
    }
    for end in [f64::MAX, f64::from_bits(1)] {
        cells.record(end);
        cells.record(-end);
    }
    let (counts, native, _) = read(&cells);
    assert_eq!(native.schema, MIN_SCHEMA);
    assert_eq!(total(&native), 40_004);
    assert_eq!(counts.iter().sum::<u64>(), 40_004);
    assert_eq!(native.positive, native.negative);
    assert_eq!(native.positive.first().unwrap().0, -67);
    assert_eq!(native.positive.last().unwrap().0, 64);
    assert!(cells.heap_bytes() < 100_000, "{}", cells.heap_bytes());
}

#[test]
fn a_narrow_histogram_is_small() {
    let cells = cells(3, 160);
    (0..1000).for_each(|n| cells.record(0.01 + f64::from(n) * 1e-5));
    assert!(cells.heap_bytes() < 1_500, "{}", cells.heap_bytes());
}

/// The fast path places only samples whose slot is certain: finite ones outside the zero bucket, in buckets that were there.
#[test]
fn the_fast_path_leaves_all_other_numbers_out() {
    let options = NativeOptions {
        zero_threshold: 0.3,
        ..options(0, 160)
    };
    for schema in MIN_SCHEMA..=MAX_SCHEMA {
        let cells = of(NativeOptions { schema, ..options }, bounds());
        let ends = [
            f64::MIN_POSITIVE,
            f64::MAX,
            f64::from_bits(1),
            0.4,
            0.3,
            0.0,
        ];
        for value in ends.into_iter().flat_map(|end| [end, -end]) {
            cells.record(value);
        }
        let mut others = vec![
            f64::INFINITY,
            f64::NAN,
            f64::NAN.copysign(-1.0),
            0.0,
            0.3,
            1e-310,
        ];
        // All patterns of the exponent with the first and last fractions.
        others.extend((0..2048_u64).flat_map(|exponent| {
            let bits = exponent << 52;
            [f64::from_bits(bits), f64::from_bits(bits | ((1 << 52) - 1))]
        }));
        for value in others.into_iter().flat_map(|other| [other, -other]) {
            let is_fast = cells.record_fast(value);
            let may_be = value.is_finite() && value.abs() > 0.3;
            assert!(may_be || !is_fast, "{value:?} at {schema}");
        }
        let mut counts = Vec::new();
        assert!(cells.read_into(&mut counts).is_finite());
    }
}

#[test]
fn the_fast_path_places_samples_around_classic_bounds() {
    const DURATIONS: [f64; 14] = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ];
    let bounds = Arc::new(Bounds::new(DURATIONS));
    for schema in 0..=3 {
        let cells = of(options(schema, 4_096), Arc::clone(&bounds));
        let around = |bound: f64| [bound.next_down(), bound, bound.next_up()];
        let samples: Vec<_> = DURATIONS.into_iter().flat_map(around).collect();
        for sample in &samples {
            cells.record(*sample);
        }
        let fast = samples.iter().filter(|sample| cells.record_fast(**sample));
        assert_eq!(fast.count(), samples.len(), "{schema}");
        let (counts, native, _) = read(&cells);
        let mut expected = [6; 15];
        (expected[0], expected[14]) = (4, 2);
        assert_eq!(counts, expected, "{schema}");
        assert_eq!(total(&native), 84, "{schema}");
    }
}

/// The buckets of the samples by the definition, in a map.
fn expected(
    samples: &[f64],
    schema: i8,
    zero_threshold: f64,
) -> (u64, BTreeMap<i32, u64>, BTreeMap<i32, u64>) {
    let steps = u32::from((MAX_SCHEMA - schema).unsigned_abs());
    let (mut zero, mut positive, mut negative) = (0, BTreeMap::new(), BTreeMap::new());
    for sample in samples {
        if sample.abs() <= zero_threshold {
            zero += 1;
            continue;
        }
        let side = if *sample < 0.0 {
            &mut negative
        } else {
            &mut positive
        };
        *side
            .entry(coarser(finest_index(sample.abs()), steps))
            .or_default() += 1;
    }
    (zero, positive, negative)
}

fn sample() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => 0.0..2.0,
        2 => (-9.0..3.0).prop_map(|exponent: f64| 10_f64.powf(exponent)),
        1 => -5.0..0.0,
        1 => prop::sample::select(vec![0.0, -0.0, 0.005, 0.25, 1.0, -1.0, 1e-60, 4.0]),
        1 => any::<f64>().prop_filter("finite", |value| value.is_finite() && value.abs() < 1e200),
    ]
}

proptest! {
    #[test]
    fn halving_keeps_counts_and_sums(
        samples in vec(sample(), 0..400),
        schema in MIN_SCHEMA..=MAX_SCHEMA,
        max_buckets in 8_usize..200,
        zero_threshold in prop::sample::select(vec![2_f64.powi(-128), 0.0, 0.3, 1.0]),
        // Many in one exponential bucket, none, and some.
        classic_bounds in prop::sample::select(vec![
            BOUNDS.to_vec(),
            Vec::new(),
            (1..60).map(|n| f64::from(n) / 40.0).collect(),
            vec![-2.0, -1.1, -0.0, 1e-60, 0.2, 0.21, 0.22, 1.0, 1e100],
        ]),
    ) {
        let bounds = Arc::new(Bounds::new(classic_bounds));
        let options = NativeOptions { zero_threshold, ..options(schema, max_buckets) };
        let cells = of(options, Arc::clone(&bounds));
        let classic = HistogramCells::new(bounds);
        for sample in &samples {
            cells.record(*sample);
            classic.record(*sample);
        }
        let (counts, native, sum) = read(&cells);
        let mut classic_counts = Vec::new();
        let classic_sum = classic.read_into(&mut classic_counts);
        prop_assert_eq!(&counts, &classic_counts);
        let magnitude: f64 = samples.iter().map(|sample| sample.abs()).sum();
        prop_assert!((sum - classic_sum).abs() <= magnitude * 1e-12);
        prop_assert_eq!(total(&native), samples.len() as u64);
        let (zero, positive, negative) = expected(&samples, native.schema, zero_threshold);
        prop_assert_eq!(native.zero, zero);
        prop_assert_eq!(native.positive.iter().copied().collect::<BTreeMap<_, _>>(), positive);
        prop_assert_eq!(native.negative.iter().copied().collect::<BTreeMap<_, _>>(), negative);
        prop_assert!(native.schema <= schema);
        prop_assert!(native.buckets() <= max_buckets || native.schema == MIN_SCHEMA);
        if native.schema < schema {
            // One halving less would have been too few.
            let (_, positive, negative) = expected(&samples, native.schema + 1, zero_threshold);
            prop_assert!(positive.len() + negative.len() > max_buckets);
        }
        let mut again = Vec::new();
        prop_assert_eq!(cells.read_into(&mut again).to_bits(), sum.to_bits());
        prop_assert_eq!(again, counts);
    }
}

#[test]
fn threads_lose_nothing_while_the_resolution_is_halved() {
    const EACH: u32 = 40_000;
    let cells = cells(8, 40);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut last, mut last_schema) = (0, MAX_SCHEMA);
                while !done.load(Relaxed) {
                    let (counts, native, _) = read(&cells);
                    assert_eq!(counts.iter().sum::<u64>(), total(&native));
                    assert!(native.buckets() <= 40 || native.schema == MIN_SCHEMA);
                    assert!(last <= total(&native) && native.schema <= last_schema);
                    (last, last_schema) = (total(&native), native.schema);
                }
            });
        }
        let writers: Vec<_> = (0..4)
            .map(|thread| {
                let cells = &cells;
                scope.spawn(move || {
                    for n in 0..EACH {
                        // The range widens, so that the buckets run out again and again.
                        let decades = f64::from(n) / f64::from(EACH) * 12.0;
                        let place = f64::from((n * 7 + thread) % 101) / 101.0;
                        cells.record(10_f64.powf((place - 0.5) * decades));
                    }
                })
            })
            .collect();
        let results: Vec<_> = writers
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        done.store(true, Relaxed);
        assert!(results.iter().all(Result::is_ok));
    });
    let (counts, native, _) = read(&cells);
    assert_eq!(counts.iter().sum::<u64>(), u64::from(4 * EACH));
    assert_eq!(total(&native), u64::from(4 * EACH));
}
