//! `Expiry`: calls a function after some time.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::error::Error;
use crate::thread;

/// A wait, which ends when this is dropped.
///
/// A thread waits, because a task depends on a runtime, which may end, have no timer, or not run.
pub(super) struct Expiry {
    _alive: mpsc::Sender<()>,
}

impl Expiry {
    /// Calls the function in a thread of its own.
    pub(super) fn after(
        time: Duration,
        call: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Error> {
        let (alive, ended) = mpsc::channel();
        thread::spawn("log-level", move || {
            if ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                call();
            }
        })?;
        Ok(Self { _alive: alive })
    }
}
