//! `Unreadable`: counts rows that are skipped because this version of the crate cannot read them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::DeserializeOwned;

#[derive(Debug, Clone, Default)]
pub(super) struct Unreadable(Arc<AtomicU64>);

impl Unreadable {
    /// Reads the body of a row, or counts it and logs the first one.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        table: &str,
        body: Result<Option<String>, sqlx::Error>,
    ) -> Option<T> {
        let body = body.ok().flatten();
        let read = body.and_then(|body| serde_json::from_str(&body).ok());
        if read.is_none() && self.0.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(
                table,
                "the alert store contains a row that cannot be read, perhaps of a newer version: such rows are skipped and counted"
            );
        }
        read
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
