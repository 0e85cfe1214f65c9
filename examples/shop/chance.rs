//! `Chance`: random numbers that are the same in each run with the same seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The generator `SplitMix64`. Clones share the sequence.
#[derive(Clone)]
pub(crate) struct Chance(Arc<AtomicU64>);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// Each `stream` of a seed is a sequence of its own, so that no actor changes another's.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let state = seed.wrapping_add(stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        Self(Arc::new(AtomicU64::new(state)))
    }

    fn next(&self) -> u64 {
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.next() % end
    }

    /// Whether something happens that happens in `percent` of all cases.
    pub(crate) fn is(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn milliseconds(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}
