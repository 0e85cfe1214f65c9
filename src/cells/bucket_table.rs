//! [`BucketTable`].

use std::ops::Range;

/// Narrows the search for a value's bucket to the few bounds whose first bits are those of the value.
///
/// The bits of floats that are not negative ascend with the floats. So does any prefix of them: some bits of the exponent and
/// the mantissa, as many as `MAX_CELLS` allows.
pub(super) struct BucketTable {
    shift: u32,
    first: u64,
    /// How many bounds have a smaller prefix than the cell, per cell, and at the end the number of all bounds.
    starts: Box<[u32]>,
}

const MAX_CELLS: u64 = 256;

impl BucketTable {
    /// Of bounds that ascend. Those below or at 0 are in the first cell.
    pub(super) fn new(bounds: impl Iterator<Item = f64> + Clone) -> Self {
        let bits = bounds.map(|bound| if bound > 0.0 { bound.to_bits() } else { 0 });
        let smallest = bits.clone().find(|bits| *bits > 0).unwrap_or(0);
        let largest = bits.clone().last().unwrap_or(0);
        let shift = (0..u64::BITS)
            .find(|shift| (largest >> shift) - (smallest >> shift) < MAX_CELLS)
            .unwrap_or(0);
        let (first, last) = (smallest >> shift, largest >> shift);
        let inner = (first + 1..=last)
            .map(|prefix| bits.clone().filter(|bits| bits >> shift < prefix).count());
        let starts = std::iter::once(0)
            .chain(inner)
            .chain([bits.clone().count()]);
        Self {
            shift,
            first,
            starts: starts
                .map(|start| u32::try_from(start).unwrap_or(u32::MAX))
                .collect(),
        }
    }

    /// The number of bounds below `value` is in this range, ends included. `value` is not negative.
    #[inline]
    pub(super) fn range(&self, value: f64) -> Range<usize> {
        let last = self.starts.len() - 2;
        let cell = usize::try_from((value.to_bits() >> self.shift).saturating_sub(self.first))
            .unwrap_or(last)
            .min(last);
        self.starts[cell] as usize..self.starts[cell + 1] as usize
    }
}
