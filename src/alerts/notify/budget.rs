//! `Budget`: the notifications of the last hour.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::alerts::wire;

const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Sent(#[serde(with = "wire::time")] SystemTime);

/// The times of the notifications that a channel got in the last hour, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Budget(VecDeque<Sent>);

impl Budget {
    /// Whether the cap allows another notification now.
    pub(super) fn allows(&self, max: usize, is_critical: bool, now: SystemTime) -> bool {
        self.allowed_at(max, is_critical, now) <= now
    }

    /// The time from which the cap allows another notification, if none is sent before.
    pub(super) fn allowed_at(&self, max: usize, is_critical: bool, now: SystemTime) -> SystemTime {
        // The last one of the hour is kept for critical alerts.
        let max = max - usize::from(max > 1 && !is_critical);
        let blocking = self.0.len().checked_sub(max);
        let blocking = blocking.and_then(|index| self.0.get(index));
        let free_at = blocking.and_then(|sent| sent.0.checked_add(HOUR));
        free_at.map_or(now, |free_at| free_at.max(now))
    }

    pub(super) fn spend(&mut self, now: SystemTime) {
        let is_over = |sent: &Sent| {
            let since = now.duration_since(sent.0);
            since.is_ok_and(|since| since >= HOUR)
        };
        while self.0.front().is_some_and(is_over) {
            self.0.pop_front();
        }
        self.0.push_back(Sent(now));
    }

    /// Moves all times, after a step back of the clock.
    pub(super) fn shift(&mut self, back: impl Fn(&mut SystemTime)) {
        self.0.iter_mut().for_each(|sent| back(&mut sent.0));
    }
}
