use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use loom::sync::Arc;
use loom::thread;

use crate::cells::limits::PROMOTE_EVERY;
use crate::cells::{CounterCells, own_cells, thread_slot};
use crate::run::run;

#[test]
fn a_reader_beside_shared_and_own_additions_never_sees_a_fall() {
    run(3, || {
        let counter = Arc::new(CounterCells::new());
        let writer = {
            let counter = Arc::clone(&counter);
            // The second addition promotes, so the third and fourth go to an own cell.
            thread::spawn(move || (0..4).for_each(|_| counter.add(1)))
        };
        let other = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.add(1))
        };
        let (first, second) = (counter.value(), counter.value());
        assert!(first <= second && second <= 5, "{first}, {second}");
        writer.join().unwrap();
        other.join().unwrap();
        assert_eq!(counter.value(), 5);
    });
}

#[test]
fn threads_that_are_promoted_together_get_a_cell_each() {
    static BOTH: AtomicBool = AtomicBool::new(false);
    run(3, || {
        let counter = Arc::new(CounterCells::new());
        let threads = [(); 2].map(|()| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                counter.add(1);
                counter.add(PROMOTE_EVERY);
                counter.add(1);
                thread_slot()
            })
        });
        let slots = threads.map(|thread| thread.join().unwrap());
        BOTH.fetch_or(
            slots[0].is_some() && slots[1].is_some() && slots[0] != slots[1],
            Relaxed,
        );
        assert_eq!(counter.value(), 2 * (2 + PROMOTE_EVERY));
        assert_eq!(
            own_cells::current().load(loom::sync::atomic::Ordering::Relaxed),
            counter.heap_bytes()
        );
        drop(counter);
        assert_eq!(
            own_cells::current().load(loom::sync::atomic::Ordering::Relaxed),
            0
        );
    });
    assert!(BOTH.load(Relaxed));
}

#[test]
fn the_next_owner_of_a_slot_goes_on_with_its_cells() {
    static HANDED_OVER: AtomicBool = AtomicBool::new(false);
    run(3, || {
        let counter = Arc::new(CounterCells::new());
        let add = |counter: &CounterCells| {
            (0..3).for_each(|_| counter.add(1));
            thread_slot()
        };
        let threads = [(); 2].map(|()| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || add(&counter))
        });
        let slots = threads.map(|thread| thread.join().unwrap());
        HANDED_OVER.fetch_or(slots[0].is_some() && slots[0] == slots[1], Relaxed);
        assert_eq!(counter.value(), 6);
    });
    assert!(HANDED_OVER.load(Relaxed), "no execution handed a slot over");
}

#[test]
fn raises_do_not_add_up() {
    run(2, || {
        let counter = Arc::new(CounterCells::new());
        let raise = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.raise_to(10))
        };
        let add = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || (0..3).for_each(|_| counter.add(1)))
        };
        counter.raise_to(10);
        let raised = counter.value();
        assert!((10..=13).contains(&raised), "{raised}");
        raise.join().unwrap();
        add.join().unwrap();
        assert!((10..=13).contains(&counter.value()), "{}", counter.value());
    });
}
