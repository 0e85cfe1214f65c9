#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // No count of these tests is large.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;

use super::exponential::{coarser, finest_index, range};
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

/// Positive numbers of all magnitudes.
fn numbers(count: usize) -> Vec<f64> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from_bits(state >> 1)
    };
    let finite =
        std::iter::repeat_with(&mut next).filter(|value| value.is_finite() && *value > 0.0);
    finite.take(count).collect()
}

/// 2^exponent, for exponents that are no whole numbers, too.
fn power(exponent: f64) -> f64 {
    // In two steps, because one would overflow at the ends of the range.
    (exponent / 2.0).exp2() * (exponent / 2.0).exp2()
}

/// A tenth of a millionth: the error of `power`, beside which no random number comes to lie.
const NEAR: f64 = 1e-7;

#[test]
fn buckets_have_the_bounds_of_their_definition() {
    for schema in MIN_SCHEMA..=MAX_SCHEMA {
        let mut compared = 0;
        for value in numbers(10_000) {
            let steps = u32::from((MAX_SCHEMA - schema).unsigned_abs());
            let index = coarser(finest_index(value), steps);
            let width = 2_f64.powi(-i32::from(schema));
            let (lower, upper) = (f64::from(index - 1) * width, f64::from(index) * width);
            // The exponent of the number: exact for its power of two, so only its fraction is rounded.
            let normal = if value < f64::MIN_POSITIVE {
                2_f64.powi(64)
            } else {
                1.0
            };
            let exponent = (value * normal).log2() - normal.log2();
            let is_near = |bound: f64| (exponent - bound).abs() < 1e-9;
            if is_near(lower) || is_near(upper) {
                continue;
            }
            compared += 1;
            assert!(
                lower < exponent && exponent <= upper,
                "{value} at {schema}: {index}"
            );
        }
        assert!(compared > 9_990, "{schema}: {compared}");
    }
}

#[test]
fn the_bound_itself_is_in_its_bucket_and_the_next_number_is_not() {
    for exponent in -1021..=1023 {
        let bound = f64::from_bits(((exponent + 1023) as u64) << 52);
        assert_eq!(finest_index(bound), exponent * 256);
        assert_eq!(finest_index(bound.next_up()), exponent * 256 + 1);
    }
    for schema in MIN_SCHEMA..=MAX_SCHEMA {
        let steps = u32::from((MAX_SCHEMA - schema).unsigned_abs());
        for index in -2000..2000 {
            let Some((first, last)) = range(index, schema) else {
                continue;
            };
            assert_eq!(coarser(finest_index(first), steps), index);
            assert_eq!(coarser(finest_index(last), steps), index);
            assert_eq!(coarser(finest_index(last.next_up()), steps), index + 1);
            let bound = power(f64::from(index) * 2_f64.powi(-i32::from(schema)));
            assert!(
                (last / bound - 1.0).abs() < NEAR,
                "{index} at {schema}: {last} {bound}"
            );
        }
    }
}

/// 2^(i / 256) is a root of a whole power: `bound^256 <= 2^i`, and the next number's power is above it.
#[test]
fn bounds_are_exact() {
    for index in 1..256 {
        let (_, last) = range(index, MAX_SCHEMA).unwrap();
        assert!(!is_above(last, index), "{index}");
        assert!(is_above(last.next_up(), index), "{index}");
    }
}

/// Whether `value^256 > 2^exponent`, for a value between 1 and 2: in integers of any size.
fn is_above(value: f64, exponent: i32) -> bool {
    let mantissa = value.to_bits() & ((1 << 52) - 1) | 1 << 52;
    let mut power = vec![mantissa as u32, (mantissa >> 32) as u32];
    for _ in 0..8 {
        power = square(&power);
    }
    // The value is mantissa / 2^52, so its power has 52 * 256 bits behind the point.
    let bits = exponent as usize + 52 * 256;
    let (word, bit) = (bits / 32, bits % 32);
    let highest = power.get(word).copied().unwrap_or(0) >> bit;
    let is_larger = highest > 1 || power.iter().skip(word + 1).any(|word| *word > 0);
    let rest = power[..word.min(power.len())].iter().any(|word| *word > 0)
        || power
            .get(word)
            .is_some_and(|word| word & ((1 << bit) - 1) > 0);
    is_larger || highest == 1 && rest
}

fn square(number: &[u32]) -> Vec<u32> {
    let mut product = vec![0_u32; 2 * number.len()];
    for (shift, left) in number.iter().enumerate() {
        let mut carry = 0_u64;
        for (at, right) in number.iter().enumerate() {
            let sum = u64::from(*left) * u64::from(*right) + u64::from(product[shift + at]) + carry;
            product[shift + at] = sum as u32;
            carry = sum >> 32;
        }
        product[shift + number.len()] = carry as u32;
    }
    product
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

/// The buckets of the samples by the definition, in a map.
fn expected(samples: &[f64], schema: i8) -> (u64, BTreeMap<i32, u64>, BTreeMap<i32, u64>) {
    let steps = u32::from((MAX_SCHEMA - schema).unsigned_abs());
    let (mut zero, mut positive, mut negative) = (0, BTreeMap::new(), BTreeMap::new());
    for sample in samples {
        if sample.abs() <= 2_f64.powi(-128) {
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
    ) {
        let cells = cells(schema, max_buckets);
        let classic = HistogramCells::new(bounds());
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
        let (zero, positive, negative) = expected(&samples, native.schema);
        prop_assert_eq!(native.zero, zero);
        prop_assert_eq!(native.positive.iter().copied().collect::<BTreeMap<_, _>>(), positive);
        prop_assert_eq!(native.negative.iter().copied().collect::<BTreeMap<_, _>>(), negative);
        prop_assert!(native.schema <= schema);
        prop_assert!(native.buckets() <= max_buckets || native.schema == MIN_SCHEMA);
        if native.schema < schema {
            // One halving less would have been too few.
            let (_, positive, negative) = expected(&samples, native.schema + 1);
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
