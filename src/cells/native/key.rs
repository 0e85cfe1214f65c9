//! [`Key`].

use super::super::bounds::Bounds;
use super::exponential::{coarser, finest_index, finest_index_of_normal, range};
use super::native_options::{MAX_SCHEMA, NativeOptions};

/// Names the samples that are in the same exponential bucket and in the same classic one. So one count serves both views of a
/// histogram, and they never differ.
///
/// Most exponential buckets are within one classic bucket. Their keys do not name it, so the key of a sample is nearly always
/// known without a search for its classic bucket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) u64);

/// What a count of a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bucket {
    Negative(i32),
    Zero,
    Positive(i32),
}

/// Makes indexes positive. A multiple of all capacities.
const OFFSET: i32 = 1 << 20;
const ZERO: u64 = 2;
const BUCKET_BITS: u32 = 32;

impl Key {
    /// No key.
    pub(super) const NONE: u64 = 0;

    /// Of samples outside the zero bucket, at the schema that is `steps` below the finest one: if their exponential bucket is
    /// within one classic bucket.
    pub(super) fn undivided(value: f64, steps: u32) -> Self {
        Self::of(coarser(finest_index(value.abs()), steps), value < 0.0)
    }

    /// The same for samples with an absolute value from [`f64::MIN_POSITIVE`] on.
    #[inline]
    pub(super) fn undivided_of_normal(value: f64, steps: u32) -> Self {
        Self::of(
            coarser(finest_index_of_normal(value.abs()), steps),
            value < 0.0,
        )
    }

    #[inline]
    #[expect(clippy::cast_sign_loss, reason = "the offset is above all indexes")]
    fn of(index: i32, is_negative: bool) -> Self {
        Self(((index + OFFSET) as u64) << 1 | u64::from(is_negative))
    }

    /// Of any finite sample.
    pub(super) fn new(value: f64, schema: i8, options: &NativeOptions, bounds: &Bounds) -> Self {
        if value.abs() <= options.zero_threshold {
            return Self(ZERO).with_classic(bounds.index(value));
        }
        let steps = u32::from((MAX_SCHEMA - schema).unsigned_abs());
        let key = Self::undivided(value, steps);
        key.divided(bounds.index(value), schema, bounds)
    }

    /// The same with its classic bucket, if the exponential bucket is in several.
    fn divided(self, classic: usize, schema: i8, bounds: &Bounds) -> Self {
        match self.only_classic(schema, bounds) {
            Some(_) => self,
            None => self.with_classic(classic),
        }
    }

    #[inline]
    pub(super) fn with_classic(self, classic: usize) -> Self {
        Self(self.0 | (classic as u64 + 1) << BUCKET_BITS)
    }

    /// The classic bucket that has the whole exponential one.
    fn only_classic(self, schema: i8, bounds: &Bounds) -> Option<usize> {
        let (index, sign) = match self.bucket() {
            Bucket::Negative(index) => (index, -1.0),
            Bucket::Zero => return None,
            Bucket::Positive(index) => (index, 1.0),
        };
        let (first, last) = range(index, schema)?;
        let classic = bounds.index(sign * first);
        (classic == bounds.index(sign * last)).then_some(classic)
    }

    /// The classic bucket of the samples, for the schema that the key was made for.
    pub(super) fn classic(self, schema: i8, bounds: &Bounds) -> usize {
        match self.0 >> BUCKET_BITS {
            0 => self.only_classic(schema, bounds).unwrap_or(0),
            #[expect(clippy::cast_possible_truncation, reason = "it was a usize")]
            classic => classic as usize - 1,
        }
    }

    pub(super) fn bucket(self) -> Bucket {
        let code = self.bucket_code();
        #[expect(clippy::cast_possible_truncation, reason = "31 bits")]
        let index = (code >> 1) as i32 - OFFSET;
        match code {
            ZERO => Bucket::Zero,
            code if code & 1 == 1 => Bucket::Negative(index),
            _ => Bucket::Positive(index),
        }
    }

    /// Without the classic bucket.
    #[inline]
    pub(super) fn bucket_code(self) -> u64 {
        self.0 & u64::from(u32::MAX)
    }

    pub(super) fn is_zero(self) -> bool {
        self.bucket_code() == ZERO
    }

    /// The key at a coarser schema, of the same samples.
    pub(super) fn coarser(self, from: i8, to: i8, bounds: &Bounds) -> Self {
        let classic = self.classic(from, bounds);
        let steps = u32::from((from - to).unsigned_abs());
        let key = match self.bucket() {
            Bucket::Zero => return self,
            Bucket::Negative(index) => Self::of(coarser(index, steps), true),
            Bucket::Positive(index) => Self::of(coarser(index, steps), false),
        };
        key.divided(classic, to, bounds)
    }

    pub(super) fn is_divided(self) -> bool {
        self.0 >> BUCKET_BITS > 0
    }

    /// The [`hash`](Self::hash) of a key that names no classic bucket.
    #[inline]
    pub(super) fn undivided_hash(self) -> usize {
        (self.0 >> 1) as usize
    }

    /// Neighbours differ by one: both those with neighbouring buckets, and the parts of a divided bucket.
    #[inline]
    pub(super) fn hash(self) -> usize {
        (self.0 >> 1).wrapping_add(self.0 >> BUCKET_BITS) as usize
    }
}

impl Bucket {
    /// The bucket that has this one at a schema that is `steps` coarser.
    pub(super) fn coarser(self, steps: u32) -> Self {
        match self {
            Self::Negative(index) => Self::Negative(coarser(index, steps)),
            Self::Zero => Self::Zero,
            Self::Positive(index) => Self::Positive(coarser(index, steps)),
        }
    }
}
