use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use loom::sync::Arc;
use loom::thread;

use crate::cells::{EXEMPLAR_INTERVAL, ExemplarGate, ExemplarSink, ExemplarTimer, Gate};
use crate::run::run;

/// Counts the values that it closed the place for.
struct Sink {
    timer: std::sync::Arc<ExemplarTimer>,
    taken: AtomicU64,
}

impl ExemplarSink for Sink {
    fn offer(&self, gate: Gate, place: usize, _: f64) {
        if self.timer.close(gate, place) {
            self.taken.fetch_add(1, Relaxed);
        }
    }
}

#[test]
fn one_of_two_values_passes_and_the_place_opens_again() {
    static LOST: AtomicU64 = AtomicU64::new(0);
    run(3, || {
        let time = std::sync::Arc::new(AtomicU64::new(0));
        let clock = std::sync::Arc::clone(&time);
        let timer = std::sync::Arc::new(ExemplarTimer::new(move || clock.load(Relaxed)));
        let gate = Arc::new(std::sync::Arc::new(ExemplarGate::new(Sink {
            timer: std::sync::Arc::clone(&timer),
            taken: AtomicU64::new(0),
        })));
        let other = {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.offer(2, 0.5))
        };
        gate.offer(2, 0.5);
        // Too early to open anything.
        timer.tick();
        other.join().unwrap();
        // A value whose thread met the timer at work has no exemplar, but one of both threads never does.
        assert_eq!(gate.sink().taken.load(Relaxed), 1);
        gate.offer(2, 0.5);
        assert_eq!(gate.sink().taken.load(Relaxed), 1);
        time.store(EXEMPLAR_INTERVAL, Relaxed);
        timer.tick();
        gate.offer(2, 0.5);
        assert_eq!(gate.sink().taken.load(Relaxed), 2);
        LOST.fetch_add(1, Relaxed);
    });
    assert!(LOST.load(Relaxed) > 1);
}
