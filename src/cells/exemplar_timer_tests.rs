//! Tests of `ExemplarTimer`, which the models of threads leave out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::exemplar_timer::{EXEMPLAR_INTERVAL, ExemplarTimer, FIRST_ROOM};
use crate::cells::{ExemplarGate, ExemplarSink, Gate};

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
