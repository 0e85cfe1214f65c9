//! [`Resolution`].

use super::super::bounds::Bounds;
use super::bucket::{Bucket, steps};
use super::exponential::range;
use super::key::Key;
use super::native_options::MAX_SCHEMA;
use super::splits::Splits;

/// How the samples of a family are divided at a schema: by the bounds of exponential and of classic buckets.
///
/// So one count serves both views of a histogram, and they never differ. The part of an exponential bucket below all classic bounds
/// within it has a slot that its key gets. The part above such a bound has that bound's slot, because a bound is within one bucket
/// only. So has the zero bucket.
pub(super) struct Resolution {
    pub(super) schema: i8,
    /// From the finest schema.
    pub(super) steps: u32,
    zero_threshold: f64,
    /// The exponential bucket of each classic bound.
    buckets: Box<[Bucket]>,
    pub(super) splits: Splits,
    /// The buckets with classic bounds within them that `splits` does not have.
    crowded: Box<[Bucket]>,
}

impl Resolution {
    pub(super) fn new(schema: i8, zero_threshold: f64, bounds: &Bounds) -> Self {
        let bucket = |bound: &f64| Bucket::of(*bound, schema, zero_threshold);
        let buckets: Box<[_]> = bounds.values().iter().map(bucket).collect();
        let steps = steps(MAX_SCHEMA, schema);
        let mut splits = Splits::none();
        let mut crowded = Vec::new();
        let mut first = 0;
        for together in buckets.chunk_by(PartialEq::eq) {
            let bucket = together[0];
            // The bucket has no samples above its last number.
            let is_inner = |bound: &usize| match bucket {
                Bucket::Positive(index) => {
                    range(index, schema).is_none_or(|(_, last)| bounds.values()[*bound] < last)
                }
                Bucket::Negative(_) | Bucket::Zero => true,
            };
            let inner: Vec<_> = (first..first + together.len()).filter(is_inner).collect();
            first += together.len();
            let is_held = match bucket {
                Bucket::Positive(index) => {
                    inner.is_empty() || splits.add(index, schema, steps, &inner, bounds)
                }
                Bucket::Negative(_) | Bucket::Zero => false,
            };
            if !is_held {
                crowded.push(bucket);
            }
        }
        Self {
            schema,
            steps,
            zero_threshold,
            buckets,
            splits,
            crowded: crowded.into(),
        }
    }

    /// The bucket of a finite sample.
    pub(super) fn bucket(&self, value: f64) -> Bucket {
        Bucket::of(value, self.schema, self.zero_threshold)
    }

    /// The key of a bucket that is not the zero bucket.
    pub(super) fn key(&self, bucket: Bucket) -> Option<Key> {
        Key::new(bucket, self.steps, self.is_fast(bucket))
    }

    /// Whether all numbers with the bucket's code are samples of the bucket, and `splits` has the bounds within it.
    fn is_fast(&self, bucket: Bucket) -> bool {
        let (Bucket::Negative(index) | Bucket::Positive(index)) = bucket else {
            return false;
        };
        let is_whole =
            range(index, self.schema).is_some_and(|(first, _)| first > self.zero_threshold);
        is_whole && !self.crowded.contains(&bucket)
    }

    /// The classic bound below a sample, if it is within the sample's exponential bucket.
    pub(super) fn bound_below(&self, bucket: Bucket, classic: usize) -> Option<usize> {
        let bound = classic.checked_sub(1)?;
        (self.buckets.get(bound) == Some(&bucket)).then_some(bound)
    }

    /// The exponential bucket that a classic bound is in.
    pub(super) fn bucket_of_bound(&self, bound: usize) -> Bucket {
        self.buckets.get(bound).copied().unwrap_or(Bucket::Zero)
    }

    /// The classic bucket of a bucket's samples below all bounds within it.
    pub(super) fn first_classic(&self, bucket: Bucket) -> usize {
        let is_before = |other: &Bucket| other.rank() < bucket.rank();
        self.buckets.partition_point(is_before)
    }
}
