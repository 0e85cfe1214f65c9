//! `SeriesList`: the series of a family in the order of their registration.

use std::sync::{Arc, OnceLock};
use std::thread;

use parking_lot::RwLock;

use super::stored_series::StoredSeries;

/// The most series of one chunk. Readers copy one pointer per chunk under the lock.
const MAX_CHUNK: usize = 256;

/// Readers hold the lock only to copy the list of chunks, so no registration waits for a scrape.
#[derive(Default)]
pub(super) struct SeriesList(RwLock<Vec<Arc<Chunk>>>);

/// Filled from front to back. A removal replaces the chunk.
pub(super) struct Chunk(Box<[OnceLock<Arc<StoredSeries>>]>);

impl Chunk {
    fn with_capacity(capacity: usize) -> Self {
        Self((0..capacity).map(|_| OnceLock::new()).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<StoredSeries>> {
        self.0.iter().map_while(OnceLock::get)
    }
}

impl SeriesList {
    pub(super) fn push(&self, mut series: Arc<StoredSeries>) {
        let mut chunks = self.0.write();
        for slot in chunks.last().iter().flat_map(|chunk| &chunk.0) {
            match slot.set(series) {
                Ok(()) => return,
                Err(back) => series = back,
            }
        }
        let last = chunks.last().map_or(0, |chunk| chunk.0.len());
        let chunk = Chunk::with_capacity((2 * last).clamp(1, MAX_CHUNK));
        // The chunk is new, so its first slot is free.
        let _ = chunk.0[0].set(series);
        chunks.push(Arc::new(chunk));
    }

    pub(super) fn chunks(&self) -> Vec<Arc<Chunk>> {
        self.0.read().clone()
    }

    /// Reads all series. After each chunk, which takes up to a third of a millisecond, other threads may run first, because
    /// requests are more urgent than a scrape.
    pub(super) fn read(&self, mut read: impl FnMut(&StoredSeries)) {
        for chunk in self.chunks() {
            chunk.iter().for_each(|series| read(series));
            if chunk.0.len() == MAX_CHUNK {
                thread::yield_now();
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    /// Removes the series that `is_gone` says. The order of the others stays.
    pub(super) fn remove(&self, is_gone: impl Fn(&StoredSeries) -> bool) {
        let mut chunks = self.0.write();
        let last = chunks.len().saturating_sub(1);
        let has_gone = |chunk: &Chunk| chunk.iter().any(|series| is_gone(series));
        if !chunks.iter().any(|chunk| has_gone(chunk)) {
            return;
        }
        for (at, chunk) in chunks.iter_mut().enumerate() {
            // The last one has no free place then: a series that returns must not join a chunk that a reader, who has read it
            // in an earlier chunk, has still to read.
            if at < last && !has_gone(chunk) {
                continue;
            }
            let rest = chunk.iter().filter(|series| !is_gone(series));
            let rest = rest.map(|series| OnceLock::from(Arc::clone(series)));
            *chunk = Arc::new(Chunk(rest.collect()));
        }
        chunks.retain(|chunk| !chunk.0.is_empty());
    }
}
