//! [`Bounds`].

use super::bucket_table::BucketTable;

/// The upper bounds of a histogram family's buckets, without `+Inf`.
pub(crate) struct Bounds {
    values: Box<[f64]>,
    table: BucketTable,
    /// Bounds below 0: no duration is in their buckets.
    below_zero: usize,
    /// The longest duration in the bucket of each further bound.
    nanos: Box<[u64]>,
    nanos_table: BucketTable,
}

impl Bounds {
    /// `values` are finite and ascend. There may be none.
    pub(crate) fn new(values: impl Into<Box<[f64]>>) -> Self {
        let values = values.into();
        let below_zero = values.partition_point(|bound| *bound < 0.0);
        let nanos: Box<[u64]> = values[below_zero..]
            .iter()
            .map(|bound| longest(*bound))
            .collect();
        Self {
            table: BucketTable::new(values.iter().copied()),
            nanos_table: BucketTable::new(nanos.iter().map(|nanos| *nanos as f64)),
            values,
            below_zero,
            nanos,
        }
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The number of buckets, with `+Inf`.
    pub(crate) fn buckets(&self) -> usize {
        self.values.len() + 1
    }

    /// The bucket of a sample: the first bound that is not below it. That of `+Inf` follows the last bound.
    #[inline]
    pub(crate) fn index(&self, value: f64) -> usize {
        if value.is_sign_negative() {
            return self.values.partition_point(|bound| *bound < value);
        }
        let range = self.table.range(value);
        range.start + self.values[range].partition_point(|bound| *bound < value)
    }

    /// The bucket of `nanos as f64 / 1e9`, without the division.
    #[inline]
    pub(crate) fn index_of_nanos(&self, nanos: u64) -> usize {
        let range = self.nanos_table.range(nanos as f64);
        self.below_zero + range.start + self.nanos[range].partition_point(|bound| *bound < nanos)
    }
}

/// The most nanoseconds that are in the bucket of a bound of 0 or more seconds.
fn longest(bound: f64) -> u64 {
    // Below `low` all are, from `high` on none is. Division by a constant rounds, but never changes the order.
    let (mut low, mut high) = (0, u64::MAX);
    while low < high {
        let middle = high - (high - low) / 2;
        if seconds(middle) <= bound {
            low = middle
        } else {
            high = middle - 1
        }
    }
    low
}

/// The seconds that a histogram reports for `nanos`.
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
