//! The bucket of a number at each resolution, by its bits.
//!
//! Bucket `i` of schema `s` has the numbers above 2^((i-1) / 2^s), up to and with 2^(i / 2^s). So the buckets of a schema are
//! pairs of those of the next one, and the index at the finest schema decides all others.

use super::native_options::MAX_SCHEMA;

/// Buckets per power of two at the finest schema.
const BUCKETS: usize = 1 << MAX_SCHEMA;
const PER_POWER: i32 = 1 << MAX_SCHEMA;

/// Twice as many, so that at most one bound is in a cell.
const CELLS: usize = 2 * BUCKETS;

const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
const FRACTION: u64 = (1 << FRACTION_BITS) - 1;
const CELL_SHIFT: u32 = FRACTION_BITS - CELLS.trailing_zeros();
const EXPONENT_BIAS: i32 = 1023;

/// The fraction bits of 2^(i / 256), rounded down, because the largest number of a bucket is the last one that is not above
/// its bound. The last one is above all fractions.
static BOUNDS: [u64; BUCKETS + 1] = bounds();

/// The bounds below each cell of fractions.
static CELL_STARTS: [u16; CELLS] = cell_starts(&bounds());

/// By square roots of integers with 63 bits behind the point: exact, and the same on every machine.
const fn bounds() -> [u64; BUCKETS + 1] {
    let mut powers = [1_u128 << 63; BUCKETS];
    let mut count = 1;
    while count < BUCKETS {
        // The root of 2^(i / count) is 2^(i / (2 * count)). The last one comes first, because the others are not needed above it.
        let mut at = 2 * count;
        while at > 0 {
            at -= 1;
            powers[at] = (powers[at % count] << (63 + at / count)).isqrt();
        }
        count *= 2;
    }
    let mut bounds = [u64::MAX; BUCKETS + 1];
    let mut at = 0;
    while at < BUCKETS {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^64")]
        let power = powers[at] as u64;
        bounds[at] = (power >> (63 - FRACTION_BITS)) & FRACTION;
        at += 1;
    }
    bounds
}

const fn cell_starts(bounds: &[u64; BUCKETS + 1]) -> [u16; CELLS] {
    let mut starts = [0; CELLS];
    let mut cell = 0;
    while cell < CELLS {
        let mut start = 0;
        while bounds[start as usize] < (cell as u64) << CELL_SHIFT {
            start += 1;
        }
        starts[cell] = start;
        cell += 1;
    }
    starts
}

/// The index of a positive finite number's bucket at the finest schema.
pub(super) fn finest_index(value: f64) -> i32 {
    if value < f64::MIN_POSITIVE {
        finest_index_of_subnormal(value)
    } else {
        finest_index_of_normal(value)
    }
}

/// The same, of numbers from [`f64::MIN_POSITIVE`] on.
#[inline]
pub(super) fn finest_index_of_normal(value: f64) -> i32 {
    let bits = value.to_bits();
    let fraction = bits & FRACTION;
    let start = CELL_STARTS[(fraction >> CELL_SHIFT) as usize];
    // Added, because the branch would often be mispredicted.
    let above = i32::from(start) + i32::from(BOUNDS[usize::from(start)] < fraction);
    let exponent = (bits >> FRACTION_BITS) as i32 - EXPONENT_BIAS;
    exponent * PER_POWER + above
}

#[cold]
fn finest_index_of_subnormal(value: f64) -> i32 {
    // Exact: a power of two.
    const LIFT: i32 = 64;
    let lift = f64::from_bits(((EXPONENT_BIAS + LIFT) as u64) << FRACTION_BITS);
    finest_index_of_normal(value * lift) - LIFT * PER_POWER
}

/// The index of the bucket that has a finer one: at the schema that is `steps` below that of `index`.
#[inline]
pub(super) fn coarser(index: i32, steps: u32) -> i32 {
    ((index - 1) >> steps) + 1
}

/// The smallest and the largest number of a bucket. `None` at the ends of the range of numbers.
pub(super) fn range(index: i32, schema: i8) -> Option<(f64, f64)> {
    let finer = |index: i32| index << (MAX_SCHEMA - schema);
    Some((last(finer(index - 1))?.next_up(), last(finer(index))?))
}

/// The largest number in a bucket of the finest schema.
fn last(index: i32) -> Option<f64> {
    let exponent = index.div_euclid(PER_POWER) + EXPONENT_BIAS;
    let exponent = u64::try_from(exponent)
        .ok()
        .filter(|e| (1..2047).contains(e))?;
    let fraction = BOUNDS[usize::try_from(index.rem_euclid(PER_POWER)).ok()?];
    Some(f64::from_bits(exponent << FRACTION_BITS | fraction))
}
