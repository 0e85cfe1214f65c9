//! `Sampling`: the share of ordinary requests that is logged.

use std::sync::atomic::{AtomicU64, Ordering};

/// Takes requests in even distances: exactly 25 of 100 for 0.25.
#[derive(Debug)]
pub(crate) struct Sampling {
    share: f64,
    count: AtomicU64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Sampling {
    /// A share outside of 0 to 1 is none or all, and so is no number.
    pub(crate) fn new(share: f64) -> Self {
        Self {
            share: if share.is_nan() {
                1.0
            } else {
                share.clamp(0.0, 1.0)
            },
            count: AtomicU64::new(0),
        }
    }

    /// Whether the next request is in the sample.
    pub(crate) fn takes_next(&self) -> bool {
        if self.share >= 1.0 {
            return true;
        }
        // 32 bits of the count keep the product exact enough.
        let count = self.count.fetch_add(1, Ordering::Relaxed) & u64::from(u32::MAX);
        let taken = |count: u64| (count as f64 * self.share).floor();
        taken(count) < taken(count + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_exact() {
        for (share, expected) in [
            (0.0, 0),
            (0.25, 25),
            (0.3, 30),
            (1.0, 100),
            (f64::NAN, 100),
            (-1.0, 0),
        ] {
            let sampling = Sampling::new(share);
            let taken = (0..100).filter(|_| sampling.takes_next()).count();
            assert_eq!(taken, expected, "{share}");
        }
    }
}
