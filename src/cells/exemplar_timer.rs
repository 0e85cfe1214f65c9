//! [`ExemplarTimer`].

use std::collections::VecDeque;

use super::exemplar_gate::Gate;
use super::sync::Mutex;

/// Opens the places of exemplars again, a second after each was closed.
///
/// A record then only looks whether its place is open. Reading a clock would cost more than the rest of the record.
pub(crate) struct ExemplarTimer {
    /// Reads a clock, in nanoseconds.
    now: Box<dyn Fn() -> u64 + Send + Sync>,
    pub(super) closed: Mutex<VecDeque<Closed>>,
}

/// In the order in which they are due, because all are closed for the same time.
pub(super) struct Closed {
    gate: Gate,
    place: usize,
    due: u64,
}

/// Nanoseconds.
pub(crate) const EXEMPLAR_INTERVAL: u64 = 1_000_000_000;

/// Closed places that there is room for at first.
pub(super) const FIRST_ROOM: usize = 1024;

impl ExemplarTimer {
    pub(crate) fn new(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self {
            now: Box::new(now),
            closed: Mutex::new(VecDeque::with_capacity(FIRST_ROOM)),
        }
    }

    /// Closes a place for a second. Returns whether this call did it: not if another one was faster, if the timer is busy, or if
    /// there is no room. The recording path calls it, so it neither waits nor allocates.
    pub(crate) fn close(&self, gate: Gate, place: usize) -> bool {
        let Ok(mut closed) = self.closed.try_lock() else {
            return false;
        };
        if closed.len() == closed.capacity() || !gate.close(place) {
            return false;
        }
        let due = (self.now)().saturating_add(EXEMPLAR_INTERVAL);
        closed.push_back(Closed { gate, place, due });
        true
    }

    /// Opens the places that are due. The next values to be recorded there have exemplars.
    pub(crate) fn tick(&self) {
        let Ok(mut closed) = self.closed.lock() else {
            return;
        };
        let now = (self.now)();
        while closed.front().is_some_and(|closed| closed.due <= now)
            && let Some(due) = closed.pop_front()
        {
            due.gate.open(due.place);
        }
        // Here, because recording may not allocate.
        if closed.len() > closed.capacity() / 2 {
            let more = closed.capacity();
            closed.reserve(more);
        }
    }
}
