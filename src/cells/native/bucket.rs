//! [`Bucket`].

use super::exponential::{coarser, finest_index};
use super::native_options::MAX_SCHEMA;

/// An exponential bucket of a schema, or the one for zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bucket {
    /// The index of the bucket that has the absolute values.
    Negative(i32),
    Zero,
    Positive(i32),
}

impl Bucket {
    /// That of a finite sample.
    pub(super) fn of(value: f64, schema: i8, zero_threshold: f64) -> Self {
        let size = value.abs();
        if size <= zero_threshold {
            return Self::Zero;
        }
        let index = coarser(finest_index(size), steps(MAX_SCHEMA, schema));
        if value < 0.0 {
            Self::Negative(index)
        } else {
            Self::Positive(index)
        }
    }

    /// The bucket that has this one at a schema that is `steps` coarser.
    pub(super) fn coarser(self, steps: u32) -> Self {
        match self {
            Self::Negative(index) => Self::Negative(coarser(index, steps)),
            Self::Zero => Self::Zero,
            Self::Positive(index) => Self::Positive(coarser(index, steps)),
        }
    }

    /// Ascends with the samples.
    pub(super) fn rank(self) -> i64 {
        // Above all indexes.
        const AWAY: i64 = 1 << 32;
        match self {
            Self::Negative(index) => -AWAY - i64::from(index),
            Self::Zero => 0,
            Self::Positive(index) => AWAY + i64::from(index),
        }
    }
}

/// How often the resolution is halved between two schemas.
pub(super) fn steps(fine: i8, coarse: i8) -> u32 {
    u32::from((fine - coarse).unsigned_abs())
}
