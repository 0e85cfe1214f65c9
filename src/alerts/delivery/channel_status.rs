//! `ChannelStatus`: a channel as routes show it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::outlet::Outlet;
use crate::alerts::wire;

/// A channel as routes show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChannelStatus {
    /// The name.
    pub name: String,
    /// The kind, such as `slack`.
    pub kind: &'static str,
    /// The stop, while the channel is stopped.
    pub stopped: Option<Stopped>,
    /// The number of notifications that wait for it.
    pub waiting: usize,
    /// The time at which the oldest of them was decided.
    #[serde(with = "wire::optional_time")]
    pub oldest: Option<SystemTime>,
    /// The last success of this process.
    #[serde(with = "wire::optional_time")]
    pub last_success: Option<SystemTime>,
    /// The error of the last attempt that failed, redacted, until one succeeds.
    pub last_error: Option<String>,
    /// The time of the next attempt, if one is planned.
    #[serde(with = "wire::optional_time")]
    pub next_attempt: Option<SystemTime>,
}

impl ChannelStatus {
    /// A channel that has done nothing so far.
    pub(in crate::alerts) fn of(outlet: &Outlet) -> Self {
        Self {
            name: outlet.name.clone(),
            kind: outlet.channel.kind(),
            stopped: None,
            waiting: 0,
            oldest: None,
            last_success: None,
            last_error: None,
            next_attempt: None,
        }
    }

    /// Adds what the same channel does for another ledger.
    pub(in crate::alerts) fn add(&mut self, other: Self) {
        let earlier = |one: Option<SystemTime>, other| one.into_iter().chain(other).min();
        self.stopped = self.stopped.take().or(other.stopped);
        self.waiting += other.waiting;
        self.oldest = earlier(self.oldest, other.oldest);
        self.last_success = self.last_success.max(other.last_success);
        self.last_error = self.last_error.take().or(other.last_error);
        self.next_attempt = earlier(self.next_attempt, other.next_attempt);
    }
}

/// The stop of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stopped {
    /// The begin.
    #[serde(with = "wire::time")]
    pub since: SystemTime,
    /// The error that stopped it, redacted.
    pub error: String,
}
