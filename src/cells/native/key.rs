//! [`Key`].

use super::bucket::Bucket;
use super::exponential::{code, index_of_code};

/// Names an exponential bucket of a schema in a table.
#[derive(Clone, Copy)]
pub(super) struct Key(u64);

/// Of buckets whose samples the fast path cannot place.
const SLOW: u64 = 1 << 40;

impl Key {
    /// No key, and no code.
    pub(super) const NONE: u64 = u64::MAX;

    /// Of a bucket of the schema that is `steps` below the finest one. The zero bucket has none.
    pub(super) fn new(bucket: Bucket, steps: u32, is_fast: bool) -> Option<Self> {
        let code = match bucket {
            Bucket::Zero => return None,
            Bucket::Negative(index) => code(index, true, steps),
            Bucket::Positive(index) => code(index, false, steps),
        };
        Some(Self(if is_fast { code } else { code | SLOW }))
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Those of a fast key are the code of its bucket.
    pub(super) fn bits(self) -> u64 {
        self.0
    }

    pub(super) fn bucket(self, steps: u32) -> Bucket {
        let (index, is_negative) = index_of_code(self.0 & !SLOW, steps);
        if is_negative {
            Bucket::Negative(index)
        } else {
            Bucket::Positive(index)
        }
    }

    /// Neighbouring buckets have neighbouring hashes.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "only the last bits matter")]
    pub(super) fn hash(self) -> usize {
        self.0 as usize
    }
}
