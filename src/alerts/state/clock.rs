//! `Clock`: a rule's running time.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::alerts::wire;

/// The time that a rule has been evaluated for. It never goes back: a step back of the system's clock counts as no time, and
/// [`shift`](Self::shift) leaves out the time that the process was down.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Clock {
    elapsed: Duration,
    #[serde(with = "wire::optional_time")]
    last: Option<SystemTime>,
}

impl Clock {
    /// The running time at `now`.
    pub(super) fn read(&self, now: SystemTime) -> Duration {
        let since = self.last.and_then(|last| now.duration_since(last).ok());
        self.elapsed.saturating_add(since.unwrap_or_default())
    }

    pub(super) fn advance(&mut self, now: SystemTime) -> Duration {
        self.elapsed = self.read(now);
        self.last = Some(now);
        self.elapsed
    }

    /// Moves the last reading by the time from `stopped` to `started`.
    pub(super) fn shift(&mut self, stopped: SystemTime, started: SystemTime) {
        self.last = self
            .last
            .and_then(|last| match started.duration_since(stopped) {
                Ok(down) => last.checked_add(down),
                Err(back) => last.checked_sub(back.duration()),
            });
    }

    /// The system's time at which the running time will be `deadline`.
    pub(super) fn system_time(&self, deadline: Duration, now: SystemTime) -> Option<SystemTime> {
        let read = self.read(now);
        match deadline.checked_sub(read) {
            Some(left) => now.checked_add(left),
            None => now.checked_sub(read.saturating_sub(deadline)),
        }
    }
}
