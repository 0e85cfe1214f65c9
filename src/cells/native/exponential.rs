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
/// The bits of a number from here on are its linear bucket: a power of two has as many of these as of exponential ones.
const LINEAR_SHIFT: u32 = FRACTION_BITS - MAX_SCHEMA as u32;
const LINEAR: u64 = (1 << LINEAR_SHIFT) - 1;
const EXPONENT_BIAS: i32 = 1023;

/// The codes of the finest schema are the indexes plus this. A multiple of the buckets' width at the coarsest schema.
const CODE_BIAS: i32 = (EXPONENT_BIAS + 1) * PER_POWER - 1;
/// The bits of a code, without the sign above them.
const CODE_BITS: u32 = 19;

/// The fraction bits of 2^(i / 256), rounded down, because the largest number of a bucket is the last one that is not above
/// its bound. The last one is above all fractions.
static BOUNDS: [u64; BUCKETS + 1] = bounds();

/// What makes a number's linear bucket its exponential one, for each cell of fractions: the difference of both, and what carries
/// if the number is above the bound within the linear bucket.
static CORRECTIONS: [u64; CELLS] = corrections(&bounds());

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

const fn corrections(bounds: &[u64; BUCKETS + 1]) -> [u64; CELLS] {
    let mut corrections = [0; CELLS];
    let mut cell = 0;
    while cell < CELLS {
        let mut index = 0;
        while bounds[index] < (cell as u64) << CELL_SHIFT {
            index += 1;
        }
        let linear = cell / (CELLS / BUCKETS);
        let bound = bounds[index];
        let carry = if bound >> LINEAR_SHIFT == linear as u64 {
            LINEAR - (bound & LINEAR)
        } else {
            // The bound is above the cell.
            0
        };
        // The logarithm is above the line between two powers, so no difference is negative. Codes have one more power and one
        // bucket less.
        let difference = (index - linear + BUCKETS - 1) as u64;
        corrections[cell] = (difference << LINEAR_SHIFT) + carry;
        cell += 1;
    }
    corrections
}

/// The code of a normal number's bucket at the finest schema, by the bits of the number. That of a negative number has the sign
/// above it.
///
/// Other numbers get codes of buckets that are at the ends of the range of normal numbers, or beyond.
#[inline]
pub(super) fn finest_code(bits: u64) -> u64 {
    let cell = (bits >> CELL_SHIFT) as usize % CELLS;
    bits.wrapping_add(CORRECTIONS[cell]) >> LINEAR_SHIFT
}

/// The code of a bucket at the schema that is `steps` below the finest one: [`finest_code`] without its last `steps` bits. A
/// bucket of numbers that are too small for such a code has one of its own.
#[expect(clippy::cast_sign_loss, reason = "both are positive")]
pub(super) fn code(index: i32, is_negative: bool, steps: u32) -> u64 {
    let code = index + (CODE_BIAS >> steps);
    let below = if code < 0 { BELOW } else { 0 };
    below | u64::from(is_negative) << (CODE_BITS - steps) | code.unsigned_abs() as u64
}

const BELOW: u64 = 1 << 32;

/// The index of a code, and whether it is one of negative numbers.
#[expect(clippy::cast_possible_truncation, reason = "at most 19 bits")]
pub(super) fn index_of_code(code: u64, steps: u32) -> (i32, bool) {
    let sign = 1 << (CODE_BITS - steps);
    let size = (code & (sign - 1)) as i32;
    let code_of_index = if code & BELOW == 0 { size } else { -size };
    (code_of_index - (CODE_BIAS >> steps), code & sign != 0)
}

/// The index of positive finite number's bucket at the finest schema.
pub(super) fn finest_index(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "20 bits")]
    let index = |value: f64| finest_code(value.to_bits()) as i32 - CODE_BIAS;
    if value < f64::MIN_POSITIVE {
        // Exact: a power of two.
        const LIFT: i32 = 64;
        let lift = f64::from_bits(((EXPONENT_BIAS + LIFT) as u64) << FRACTION_BITS);
        index(value * lift) - LIFT * PER_POWER
    } else {
        index(value)
    }
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
