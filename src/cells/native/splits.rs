//! [`Splits`].

use super::super::bounds::Bounds;
use super::exponential::{code, range};

/// The exponential buckets that classic bounds divide, in a table by the last bits of their codes.
pub(super) struct Splits([Split; ENTRIES]);

/// At schema 3, the buckets of 16 powers of two have places of their own.
const ENTRIES: usize = 128;

/// The slot of the samples above the first classic bound. The slot before is that of the sum.
pub(super) const FIRST_BOUND: usize = 1;

/// A positive bucket with one or two bounds within it, which divide it into parts.
#[derive(Clone, Copy, Default)]
struct Split {
    /// The bits of the smallest number above the first bound.
    above: u64,
    /// How many numbers of the bucket are above that bound.
    numbers: u64,
    /// The bits of the second bound; of the largest number, if there is none.
    second: u64,
    /// The slot of the samples above the first bound.
    slot: usize,
}

impl Splits {
    pub(super) fn none() -> Self {
        Self([Split::default(); ENTRIES])
    }

    /// Adds a bucket, and the indexes of the bounds that have samples of the bucket on both sides. `false` if the table cannot
    /// hold it.
    pub(super) fn add(
        &mut self,
        index: i32,
        schema: i8,
        steps: u32,
        inner: &[usize],
        bounds: &Bounds,
    ) -> bool {
        let split = match (range(index, schema), inner) {
            (Some((_, last)), [bound, others @ ..]) if others.len() < 2 => {
                let bits = |bound: &usize| bounds.values()[*bound].to_bits();
                Split {
                    above: bits(bound) + 1,
                    numbers: last.to_bits() - bits(bound),
                    second: others.first().map_or(u64::MAX, bits),
                    slot: FIRST_BOUND + *bound,
                }
            }
            _ => return false,
        };
        let entry = &mut self.0[place(code(index, false, steps))];
        let is_free = entry.numbers == 0;
        if is_free {
            *entry = split;
        }
        is_free
    }

    /// The slot of a normal number in the bucket of a code: that of the last bound below it within the bucket, or `first`.
    ///
    /// Without a branch, because it would often be mispredicted.
    #[inline]
    pub(super) fn slot(&self, code: u64, bits: u64, first: usize) -> usize {
        let split = &self.0[place(code)];
        let is_above = bits.wrapping_sub(split.above) < split.numbers;
        let part = split.slot + usize::from(split.second < bits);
        std::hint::select_unpredictable(is_above, part, first)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "only the last bits matter")]
fn place(code: u64) -> usize {
    code as usize % ENTRIES
}
