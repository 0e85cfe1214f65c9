//! [`BucketTable`].

/// Finds the bucket of a value with one look at a table and, nearly always, one comparison.
///
/// The bits of floats that are not negative ascend with the floats. So does any prefix of them: the exponent and some bits of the
/// mantissa, as many as `MAX_CELLS` allows. The table has a cell for each prefix between those of the first and the last bound.
pub(super) struct BucketTable {
    shift: u32,
    first: u64,
    /// How many bounds have a smaller prefix than the cell. Plus `MANY`, if more than one bound has the cell's prefix.
    cells: Box<[u32]>,
}

const MAX_CELLS: u64 = 256;
const MANY: u32 = 1 << 31;

impl BucketTable {
    /// Of bounds that ascend. Those at or below 0 are in the first cell.
    pub(super) fn new(bounds: impl Iterator<Item = f64> + Clone) -> Self {
        let bits = bounds.map(|bound| if bound > 0.0 { bound.to_bits() } else { 0 });
        let smallest = bits.clone().find(|bits| *bits > 0).unwrap_or(0);
        let largest = bits.clone().last().unwrap_or(0);
        let shift = (0..u64::BITS)
            .find(|shift| (largest >> shift) - (smallest >> shift) < MAX_CELLS)
            .unwrap_or(0);
        let (first, last) = (smallest >> shift, largest >> shift);
        let below = |prefix: u64| bits.clone().filter(|bits| bits >> shift < prefix).count();
        let cell = |prefix| {
            let start = if prefix == first { 0 } else { below(prefix) };
            let many = if below(prefix + 1) - start > 1 {
                MANY
            } else {
                0
            };
            u32::try_from(start).unwrap_or(MANY - 1) | many
        };
        Self {
            shift,
            first,
            cells: (first..=last).map(cell).collect(),
        }
    }

    /// The first of `bounds` that is not below `value`. `bounds` end with one that is above all values, which was not given to
    /// `new`. The others were, as floats; `float` is `value` as a float, and not negative.
    #[inline]
    pub(super) fn find<T: PartialOrd + Copy>(&self, bounds: &[T], value: T, float: f64) -> usize {
        let last = self.cells.len() - 1;
        let prefix = float.to_bits() >> self.shift;
        let cell = self.cells[usize::try_from(prefix.saturating_sub(self.first))
            .unwrap_or(last)
            .min(last)];
        if cell < MANY {
            let start = cell as usize;
            // Added, because the branch would often be mispredicted.
            return start + usize::from(bounds[start] < value);
        }
        search(bounds, value, cell - MANY)
    }
}

/// [`BucketTable::find`] from bound `start` on.
#[cold]
fn search<T: PartialOrd + Copy>(bounds: &[T], value: T, start: u32) -> usize {
    let start = start as usize;
    start + bounds[start..bounds.len() - 1].partition_point(|bound| *bound < value)
}
