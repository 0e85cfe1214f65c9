//! `Unreadable`: counts rows that are skipped because this version of the crate cannot read them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, Default)]
pub(super) struct Unreadable(Arc<AtomicU64>);

impl Unreadable {
    pub(super) fn skipped(&self, rows: usize) {
        if rows > 0 && self.0.fetch_add(rows as u64, Ordering::Relaxed) == 0 {
            tracing::warn!(
                rows,
                "the job history contains runs that cannot be read, perhaps of a newer version: they are skipped and counted"
            );
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
