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
    closed: Mutex<VecDeque<Closed>>,
}

/// In the order in which they are due, because all are closed for the same time.
struct Closed {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;
    use crate::cells::{ExemplarGate, ExemplarSink};

    struct Sink {
        timer: Arc<ExemplarTimer>,
        taken: AtomicU64,
    }

    impl ExemplarSink for Sink {
        fn offer(&self, gate: Gate, place: usize, _: f64) {
            if self.timer.close(gate, place) {
                self.taken.fetch_add(1, Relaxed);
            }
        }
    }

    fn gate(timer: &Arc<ExemplarTimer>) -> Arc<ExemplarGate<Sink>> {
        Arc::new(ExemplarGate::new(Sink {
            timer: Arc::clone(timer),
            taken: AtomicU64::new(0),
        }))
    }

    fn taken(gate: &ExemplarGate<Sink>) -> u64 {
        gate.sink().taken.load(Relaxed)
    }

    #[test]
    fn a_burst_of_series_waits_for_room_and_loses_no_place() {
        let timer = Arc::new(ExemplarTimer::new(|| 0));
        let gates: Vec<_> = (0..=FIRST_ROOM).map(|_| gate(&timer)).collect();
        let room = timer.closed.lock().unwrap().capacity();
        let offer = || gates.iter().for_each(|gate| gate.offer(0, 1.0));
        offer();
        assert_eq!(timer.closed.lock().unwrap().capacity(), room);
        let sum = || gates.iter().map(|gate| taken(gate)).sum::<u64>();
        let all = gates.len() as u64;
        assert_eq!(sum(), all.min(room as u64));
        timer.tick();
        offer();
        assert_eq!(sum(), all);
        // Each still belongs to its second.
        timer.tick();
        offer();
        assert_eq!(sum(), all);
    }

    #[test]
    fn buckets_beyond_the_bits_share_them() {
        let time = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&time);
        let timer = Arc::new(ExemplarTimer::new(move || clock.load(Relaxed)));
        let gate = gate(&timer);
        for place in [0, 63, 64, 127, 65] {
            gate.offer(place, 1.0);
        }
        assert_eq!(taken(&gate), 3);
        time.store(EXEMPLAR_INTERVAL - 1, Relaxed);
        timer.tick();
        gate.offer(64, 1.0);
        assert_eq!(taken(&gate), 3);
        time.store(EXEMPLAR_INTERVAL, Relaxed);
        timer.tick();
        gate.offer(64, 1.0);
        assert_eq!(taken(&gate), 4);
    }

    #[test]
    fn a_timer_keeps_a_dropped_gate_until_its_second_ends() {
        let time = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&time);
        let timer = Arc::new(ExemplarTimer::new(move || clock.load(Relaxed)));
        let gate = gate(&timer);
        gate.offer(0, 1.0);
        let weak = Arc::downgrade(&gate);
        drop(gate);
        assert!(weak.upgrade().is_some());
        time.store(EXEMPLAR_INTERVAL, Relaxed);
        timer.tick();
        assert!(weak.upgrade().is_none());
    }
}
