use std::time::SystemTime;

use serde::Serialize;

use crate::time::{rfc3339, serialize_rfc3339};

/// Whether an instance reaches the history of its jobs, and how fresh its knowledge is: see
/// [`Jobs::history_status`](super::Jobs::history_status).
///
/// Times are by the clock of the instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HistoryStatus {
    /// Whether the last call of each operation succeeded.
    pub is_up: bool,
    /// When the first of the operations began to fail that fail now.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub down_since: Option<SystemTime>,
    /// The operation that fails, and its error. Secrets are redacted.
    pub reason: Option<String>,
    /// When the history last accepted a write or a renewal of leases. While it is up, at most a third of a lease ago.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub last_write_at: Option<SystemTime>,
    /// When jobs were last compared with their expectations; `None` before the first time, a lease after the start.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub judged_at: Option<SystemTime>,
    /// The number of events (starts and ends of runs) that wait to be written.
    pub waiting_events: usize,
    /// The number of rows that reads have skipped because this version cannot read them: perhaps those of a newer one. Each
    /// read of a row counts.
    pub unreadable_rows: u64,
}

impl HistoryStatus {
    /// Says that jobs are not judged, since when and why; `None` while they are.
    pub(super) fn failure(&self) -> Option<String> {
        let since = self.down_since.and_then(rfc3339)?;
        let reason = self.reason.as_deref().unwrap_or_default();
        Some(format!("jobs are not judged since {since}: {reason}"))
    }
}
