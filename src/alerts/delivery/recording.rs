//! `Recording`: the right to write results to the store.

use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::timeout;

use super::shared::Shared;
use super::state::State;
use crate::alerts::stores::Commit;
use crate::error::{Error, ErrorKind};

/// The engine waits for the worker's own commit for this long.
const WAIT: Duration = Duration::from_secs(2);

/// The right to write results to the store. Only one has it at a time, because a commit that succeeds ends all changes that were put
/// into one.
pub(in crate::alerts) struct Recording<'a> {
    shared: &'a Shared,
    _right: MutexGuard<'a, ()>,
}

impl<'a> Recording<'a> {
    pub(super) async fn begin(shared: &'a Shared) -> Result<Self, Error> {
        let right = timeout(WAIT, shared.recording.lock()).await;
        let right = right.map_err(|_| {
            Error::new(
                ErrorKind::Io,
                "the store does not answer the worker that records deliveries",
            )
        })?;
        Ok(Self {
            shared,
            _right: right,
        })
    }

    /// Puts results that are not committed into an empty commit. Returns whether there are any.
    pub(in crate::alerts) fn fill(&mut self, commit: &mut Commit) -> bool {
        self.shared.with(|state| state.changes.fill(commit))
    }

    /// The results that were put into a commit are committed.
    pub(in crate::alerts) fn committed(&mut self) {
        self.shared.with(State::committed);
    }
}
