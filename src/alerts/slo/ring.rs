//! `Ring`: counts of events in buckets of equal width.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// A count of good or bad events, and one of all events.
pub(super) type Counts = (u64, u64);

/// Counts of events in buckets of equal width, the newest last. Empty buckets at the beginning are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ring {
    /// The index of the last bucket.
    newest: i64,
    buckets: VecDeque<Counts>,
}

impl Ring {
    /// Makes the bucket `index` the last one, and keeps at most `most`. The index never falls.
    pub(super) fn advance(&mut self, index: i64, most: usize) {
        let steps = usize::try_from(index.saturating_sub(self.newest)).unwrap_or(0);
        if self.buckets.is_empty() || steps >= most {
            self.buckets.clear();
            self.buckets.push_back((0, 0));
            self.newest = index;
        } else if steps > 0 {
            self.buckets.resize(self.buckets.len() + steps, (0, 0));
            self.newest = index;
        }
        while self.buckets.len() > most || self.begins_empty() {
            self.buckets.pop_front();
        }
    }

    fn begins_empty(&self) -> bool {
        self.buckets.len() > 1 && self.buckets.front() == Some(&(0, 0))
    }

    /// Adds to the last bucket.
    pub(super) fn add(&mut self, counts: Counts) {
        if let Some(last) = self.buckets.back_mut() {
            *last = sum(*last, counts);
        }
    }

    /// The sum of the buckets from `index` on.
    pub(super) fn since(&self, index: i64) -> Counts {
        let len = i64::try_from(self.buckets.len()).unwrap_or(i64::MAX);
        let first = self.newest.saturating_sub(len.saturating_sub(1));
        let skipped = usize::try_from(index.saturating_sub(first)).unwrap_or(0);
        self.buckets.iter().skip(skipped).copied().fold((0, 0), sum)
    }
}

fn sum(one: Counts, other: Counts) -> Counts {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}
