//! [`NativeCounts`].

use super::bucket::Bucket;

/// What a native histogram has counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NativeCounts {
    pub(crate) schema: i8,
    pub(crate) zero: u64,
    /// Index and samples of the buckets that are not empty. The indexes ascend.
    pub(crate) positive: Vec<(i32, u64)>,
    /// Those of negative samples, by the index of their absolute value.
    pub(crate) negative: Vec<(i32, u64)>,
}

impl NativeCounts {
    /// Takes buckets in any order, also several times.
    pub(super) fn set(&mut self, schema: i8, mut buckets: Vec<(Bucket, u64)>) {
        buckets.sort_unstable_by_key(|(bucket, _)| *bucket);
        self.schema = schema;
        self.zero = 0;
        self.positive.clear();
        self.negative.clear();
        for (bucket, count) in buckets {
            let (side, index) = match bucket {
                Bucket::Negative(index) => (&mut self.negative, index),
                Bucket::Zero => {
                    self.zero = self.zero.wrapping_add(count);
                    continue;
                }
                Bucket::Positive(index) => (&mut self.positive, index),
            };
            match side.last_mut() {
                Some((last, sum)) if *last == index => *sum = sum.wrapping_add(count),
                _ => side.push((index, count)),
            }
        }
    }

    /// Without the zero bucket.
    pub(super) fn buckets(&self) -> usize {
        self.positive.len() + self.negative.len()
    }
}
