//! `SeriesTable`: finds a series by its key.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use hashbrown::{DefaultHashBuilder, HashTable};
use metrics::Key;
use parking_lot::RwLock;

use super::stored_series::StoredSeries;

/// Threads that look for different series rarely meet at one lock.
const SHARDS: usize = 16;

/// Aligned, because threads write the words of the locks, and a cache line should hold one of them.
#[derive(Default)]
#[repr(align(128))]
struct Shard(RwLock<HashTable<Arc<StoredSeries>>>);

#[derive(Default)]
pub(super) struct SeriesTable {
    shards: [Shard; SHARDS],
    hasher: DefaultHashBuilder,
}

impl SeriesTable {
    /// The hash of a key, which is independent of the labels' order. The key's own hash is made for speed and collides among
    /// a hundred label values.
    pub(super) fn hash<'a>(
        &self,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> u64 {
        let labels = labels.filter(|(_, value)| !value.is_empty());
        labels
            .map(|label| self.hasher.hash_one(label))
            .fold(self.hasher.hash_one(name), u64::wrapping_add)
    }

    pub(super) fn hash_of(&self, key: &Key) -> u64 {
        let labels = key.labels().map(|label| (label.key(), label.value()));
        self.hash(key.name(), labels)
    }

    fn shard(&self, hash: u64) -> &RwLock<HashTable<Arc<StoredSeries>>> {
        // The table uses the highest and the lowest bits.
        &self.shards[(hash >> 32) as usize % SHARDS].0
    }

    pub(super) fn find(
        &self,
        hash: u64,
        is: impl Fn(&StoredSeries) -> bool,
    ) -> Option<Arc<StoredSeries>> {
        let shard = self.shard(hash).read();
        let series = shard.find(hash, |series| series.hash == hash && is(series));
        series.cloned()
    }

    /// Returns the series, or inserts the one that `make` returns, if it does. The second value tells whether it is new.
    pub(super) fn find_or_insert(
        &self,
        hash: u64,
        is: impl Fn(&StoredSeries) -> bool,
        make: impl FnOnce() -> Option<StoredSeries>,
    ) -> Option<(Arc<StoredSeries>, bool)> {
        let mut shard = self.shard(hash).write();
        if let Some(series) = shard.find(hash, |series| series.hash == hash && is(series)) {
            return Some((Arc::clone(series), false));
        }
        let series = Arc::new(make()?);
        shard.insert_unique(hash, Arc::clone(&series), |series| series.hash);
        Some((series, true))
    }

    /// Removes the series if nobody but the table and the caller, who has `held` counts, holds it, and nothing was written to it
    /// since the last look. Returns whether it did.
    pub(super) fn remove_unused(&self, series: &Arc<StoredSeries>, held: usize) -> bool {
        // With the lock and no handle left, nobody can find the series or write to it.
        let mut shard = self.shard(series.hash).write();
        let is_held = Arc::strong_count(series) > held + 1;
        // Pairs with the release of the handle that was dropped last, so that its writes are seen.
        fence(Ordering::Acquire);
        let is_used = is_held || !series.links.is_empty() || series.is_written(&mut Vec::new());
        let is_it = |other: &Arc<StoredSeries>| Arc::ptr_eq(series, other);
        match shard.find_entry(series.hash, is_it) {
            Ok(entry) if !is_used => {
                entry.remove();
                true
            }
            _ => false,
        }
    }
}
