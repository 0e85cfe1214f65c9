//! [`Capacity`].

use super::super::bounds::Bounds;
use super::native_options::NativeOptions;
use super::slots::capacity_for;

/// The slots of a generation: for keys that name a classic bucket, and for the others. Powers of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) undivided: usize,
    pub(super) divided: usize,
}

const GROWTH: usize = 4;

/// The buckets at the coarsest schema: 132 for each sign, from 2^-1074 to 2^1024.
const COARSEST_BUCKETS: usize = 264;

impl Capacity {
    /// Most series have samples in few buckets.
    pub(super) const FIRST: Self = Self {
        undivided: 32,
        divided: 8,
    };

    /// The capacity that suffices at every schema.
    pub(super) fn full(options: &NativeOptions, bounds: &Bounds) -> Self {
        let buckets = options.max_buckets.max(COARSEST_BUCKETS);
        Self {
            undivided: capacity_for(buckets).max(Self::FIRST.undivided),
            // Each classic bound makes two of one bucket, or one more of the zero bucket. The buckets at both ends of the range of
            // numbers count as divided: 6 for each sign at the coarsest schema.
            divided: capacity_for(2 * bounds.buckets() + 12).max(Self::FIRST.divided),
        }
    }

    /// The next larger one.
    pub(super) fn grown(self, full: Self) -> Self {
        Self {
            undivided: full.undivided.min(self.undivided * GROWTH),
            divided: full.divided.min(self.divided * GROWTH),
        }
    }

    /// How often one may grow from the first to the full one.
    pub(super) fn growths(full: Self) -> usize {
        let sizes = std::iter::successors(Some(Self::FIRST), |last| Some(last.grown(full)));
        sizes.take_while(|capacity| *capacity != full).count()
    }
}
