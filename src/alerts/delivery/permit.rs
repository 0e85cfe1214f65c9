//! `Permit`: whether the worker may send.

use tokio::time::Instant;

/// Whether the worker may send. After the end of its lease, another engine may tell of the same alerts.
#[derive(Default)]
pub(super) struct Permit {
    /// Whether no other engine tells of these alerts, so that the lease does not matter.
    pub(super) is_sole: bool,
    /// The end of the lease, unless it has none.
    pub(super) until: Option<Instant>,
    /// Whether the store refused the last commit.
    pub(super) is_refused: bool,
}

impl Permit {
    pub(super) fn allows(&self, now: Instant) -> bool {
        self.is_sole || !(self.is_refused || self.until.is_some_and(|until| until <= now))
    }
}
