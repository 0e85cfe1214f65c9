//! The bounds of exponential buckets against their definition.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // No exponent of these tests is large.

use super::exponential::{coarser, finest_index, range};
use super::{MAX_SCHEMA, MIN_SCHEMA};

/// Positive numbers of all magnitudes.
pub(super) fn numbers(count: usize) -> Vec<f64> {
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
pub(super) fn power(exponent: f64) -> f64 {
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

/// Compares `value^256` with `2^exponent` in integers of any size. The value is between 1 and 2.
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
