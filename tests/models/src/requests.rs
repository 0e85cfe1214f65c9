use loom::sync::Arc;
use loom::thread;

use crate::cells::{Bounds, RequestCells};
use crate::run::run;

fn requests() -> Arc<RequestCells> {
    Arc::new(RequestCells::new(std::sync::Arc::new(Bounds::new([]))))
}

/// Reads beside requests of other threads. One more request is in progress all the time, so a reading that sees an end without its
/// beginning falls below 1. (Below 0 the difference saturates.)
fn read_beside(
    preemptions: usize,
    at_most: f64,
    finished: u64,
    spawn: fn(&Arc<RequestCells>) -> thread::JoinHandle<()>,
) {
    run(preemptions, move || {
        let requests = requests();
        requests.begin();
        let writer = spawn(&requests);
        let in_progress = requests.in_progress();
        assert!((1.0..=at_most).contains(&in_progress), "{in_progress}");
        writer.join().unwrap();
        assert_eq!(requests.finished(1), finished);
        assert_eq!(requests.in_progress(), 1.0);
    });
}

#[test]
fn requests_of_one_thread() {
    // The first beginning promotes. Of two requests, one after the other, a reading sees one at a time.
    read_beside(4, 2.0, 2, |requests| {
        let requests = Arc::clone(requests);
        thread::spawn(move || {
            for _ in 0..2 {
                requests.begin();
                requests.end(1, 5);
            }
        })
    });
}

#[test]
fn requests_that_end_in_shared_cells() {
    // A thread that only ends a request has no cells of its own.
    read_beside(4, 2.0, 1, |requests| {
        let requests = Arc::clone(requests);
        thread::spawn(move || {
            requests.begin();
            thread::spawn(move || requests.end(1, 5)).join().unwrap();
        })
    });
}

#[test]
fn requests_that_end_in_own_cells_of_another_thread() {
    read_beside(4, 2.0, 3, |requests| {
        let requests = Arc::clone(requests);
        thread::spawn(move || {
            // Promotes this thread.
            requests.begin();
            requests.end(1, 5);
            let (begun, other) = (Arc::clone(&requests), Arc::clone(&requests));
            let next = thread::spawn(move || begun.begin());
            next.join().unwrap();
            other.end(1, 5);
            requests.begin();
            requests.end(1, 5);
        })
    });
}

#[test]
fn requests_that_leave() {
    read_beside(4, 2.0, 0, |requests| {
        let requests = Arc::clone(requests);
        thread::spawn(move || {
            requests.begin();
            thread::spawn(move || {
                requests.record_duration(5);
                requests.leave();
            })
            .join()
            .unwrap();
        })
    });
}
