//! [`Bounds`].

use super::bucket_table::BucketTable;

/// The upper bounds of a histogram family's buckets.
pub(crate) struct Bounds {
    /// `+Inf` is the last.
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
    pub(crate) fn new(values: impl Into<Vec<f64>>) -> Self {
        let mut values = values.into();
        let below_zero = values.partition_point(|bound| *bound < 0.0);
        let mut nanos: Vec<u64> = values[below_zero..]
            .iter()
            .map(|bound| longest(*bound))
            .collect();
        let table = BucketTable::new(values.iter().copied());
        let nanos_table = BucketTable::new(nanos.iter().copied().map(to_float));
        values.push(f64::INFINITY);
        nanos.push(u64::MAX);
        Self {
            values: values.into(),
            table,
            below_zero,
            nanos: nanos.into(),
            nanos_table,
        }
    }

    /// Without `+Inf`.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values[..self.values.len() - 1]
    }

    /// The number of buckets, with that of `+Inf`.
    pub(crate) fn buckets(&self) -> usize {
        self.values.len()
    }

    /// The bucket of a sample: that of the first bound that is not below it.
    #[inline]
    pub(crate) fn index(&self, value: f64) -> usize {
        if value < 0.0 {
            return self.search(value);
        }
        // Adding 0 takes the sign from a negative 0.
        self.table.find(&self.values, value, value + 0.0)
    }

    #[cold]
    fn search(&self, value: f64) -> usize {
        self.values.partition_point(|bound| *bound < value)
    }

    /// The bucket of `nanos as f64 / 1e9`, without the division.
    #[inline]
    pub(crate) fn index_of_nanos(&self, nanos: u64) -> usize {
        self.below_zero + self.nanos_table.find(&self.nanos, nanos, to_float(nanos))
    }
}

/// Ascends with `nanos`. Converting signed integers is cheaper, and 292 years are long enough.
#[inline]
fn to_float(nanos: u64) -> f64 {
    i64::try_from(nanos).unwrap_or(i64::MAX) as f64
}

/// The most nanoseconds that are in the bucket of a bound of 0 or more seconds.
fn longest(bound: f64) -> u64 {
    // Below `low` all are, from `high` on none is. Division by a constant rounds, but never changes the order.
    let (mut low, mut high) = (0, u64::MAX);
    while low < high {
        let middle = high - (high - low) / 2;
        if seconds(middle) <= bound {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// The seconds that a histogram reports for `nanos`.
pub(crate) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}
