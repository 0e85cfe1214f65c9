#![allow(clippy::cast_possible_truncation)] // No count of these tests is large.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::limits::{MAX_OWN_BYTES, PROMOTE_EVERY};
use super::{
    Bounds, CounterCells, ENDINGS, FloatCell, GaugeCell, HistogramCells, MAX_THREADS, RequestCells,
    thread_slot,
};

const EACH: u64 = 50_000;

/// Slots and room belong to the process, so the tests that use them run one after another.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `write` on 4 threads while 2 others run `read` again and again.
fn write_and_read<R>(write: impl Fn(u64) + Sync, read: impl Fn() -> R + Sync) {
    let done = AtomicBool::new(false);
    let start = Barrier::new(6);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                start.wait();
                while !done.load(Relaxed) {
                    read();
                }
            });
        }
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    (0..EACH).for_each(&write);
                })
            })
            .collect();
        let written: Vec<_> = writers
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        done.store(true, Relaxed);
        assert!(written.iter().all(Result::is_ok));
    });
}

/// Asserts that what one thread reads never falls.
fn never_falls(value: u64) {
    thread_local! {
        static LAST: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
    }
    let last = LAST.replace(value);
    assert!(last <= value, "{last} fell to {value}");
}

fn bounds() -> Arc<Bounds> {
    Arc::new(Bounds::new([0.01, 0.1, 1.0]))
}

#[test]
fn a_counter_is_exact_and_never_falls() {
    let _alone = alone();
    let counter = CounterCells::new();
    write_and_read(|_| counter.add(3), || never_falls(counter.value()));
    assert_eq!(counter.value(), 4 * EACH * 3);
    assert!(counter.heap_bytes() > 0, "no thread was promoted");
}

#[test]
fn a_histogram_is_exact_and_never_falls() {
    let _alone = alone();
    let histogram = HistogramCells::new(bounds());
    let read = || {
        let mut counts = Vec::new();
        let sum = histogram.read_into(&mut counts);
        never_falls(counts.iter().sum());
        assert!(sum >= 0.0 && sum <= 4.0 * EACH as f64);
    };
    write_and_read(
        |n| {
            histogram.record([0.0, 0.0625, 0.5, 2.0][n as usize % 4]);
        },
        read,
    );
    let mut counts = vec![7; 9];
    let sum = histogram.read_into(&mut counts);
    assert_eq!(counts, [EACH; 4]);
    assert_eq!(sum.to_bits(), (EACH as f64 * 2.5625).to_bits());
    assert!(histogram.heap_bytes() > 4 * 8, "no thread was promoted");
}

#[test]
fn requests_are_exact_and_never_negative_in_progress() {
    let _alone = alone();
    let requests = RequestCells::new(bounds());
    let write = |n| {
        requests.begin();
        match n % 8 {
            slot @ 0..4 => requests.end(slot as usize, n % 2 * 50_000_000),
            4 => {
                requests.record_duration(2_000_000_000);
                requests.leave();
            }
            5 => requests.end(ENDINGS, 2_000_000_000),
            _ => requests.end(0, 10_000_000),
        }
    };
    let read = || {
        let in_progress = requests.in_progress();
        assert!(in_progress >= 0.0, "{in_progress}");
        never_falls(requests.finished(0));
    };
    write_and_read(write, read);
    let eighth = EACH / 8 * 4;
    assert_eq!(
        [0, 1, 2, 3, 4].map(|slot| requests.finished(slot)),
        [3 * eighth, eighth, eighth, eighth, 0]
    );
    assert_eq!(requests.in_progress().to_bits(), 0.0_f64.to_bits());
    let mut counts = vec![7; bounds().buckets() + 1];
    let sum = requests.read_into(&mut counts);
    assert_eq!(counts, [4 * eighth, 2 * eighth, 0, 2 * eighth]);
    let expected = (eighth * 4_120_000_000) as f64 / 1e9;
    assert!((sum - expected).abs() < expected * 1e-9, "{sum}");
    assert!(requests.heap_bytes() > 10 * 8, "no thread was promoted");
}

#[test]
fn requests_end_on_other_threads() {
    let _alone = alone();
    let requests = RequestCells::new(bounds());
    let (begun, ends) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            for began in ends {
                requests.end(began, 1);
            }
        });
        for n in 0..EACH {
            requests.begin();
            begun.send(n as usize % 4).unwrap();
            assert!(requests.in_progress() >= 0.0);
        }
        drop(begun);
    });
    assert_eq!(
        (0..4).map(|slot| requests.finished(slot)).sum::<u64>(),
        EACH
    );
    assert_eq!(requests.in_progress().to_bits(), 0.0_f64.to_bits());
}

#[test]
fn the_next_thread_goes_on_with_the_cells_of_one_that_ended() {
    let _alone = alone();
    let counter = CounterCells::new();
    let mut heap = Vec::new();
    for _ in 0..200 {
        let slot = thread::scope(|scope| {
            let run = || {
                (0..2 * PROMOTE_EVERY).for_each(|_| counter.add(1));
                thread_slot()
            };
            scope.spawn(run).join().unwrap()
        });
        assert!(slot.is_some(), "the slots of ended threads are free again");
        heap.push(counter.heap_bytes());
    }
    assert_eq!(counter.value(), 200 * 2 * PROMOTE_EVERY);
    heap.dedup();
    assert!(
        heap.len() <= 4,
        "one thread at a time needs few slots: {heap:?}"
    );
}

/// Adds when its thread ends.
struct AddsLast(Arc<CounterCells>);

impl Drop for AddsLast {
    fn drop(&mut self) {
        (0..4 * PROMOTE_EVERY).for_each(|_| self.0.add(1));
    }
}

#[test]
fn additions_by_a_thread_that_ends_count() {
    thread_local! {
        static EARLY: std::cell::OnceCell<AddsLast> = const { std::cell::OnceCell::new() };
        static LATE: std::cell::OnceCell<AddsLast> = const { std::cell::OnceCell::new() };
    }
    let _alone = alone();
    let counter = Arc::new(CounterCells::new());
    for _ in 0..100 {
        let threads = [(); 2].map(|()| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                // One is dropped before the slot is given back, one after it.
                EARLY.with(|last| assert!(last.set(AddsLast(Arc::clone(&counter))).is_ok()));
                (0..4 * PROMOTE_EVERY).for_each(|_| counter.add(1));
                LATE.with(|last| assert!(last.set(AddsLast(counter)).is_ok()));
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
    }
    assert_eq!(counter.value(), 100 * 2 * 3 * 4 * PROMOTE_EVERY);
}

#[test]
fn at_most_so_many_threads_own_cells() {
    let _alone = alone();
    let counter = CounterCells::new();
    let threads = MAX_THREADS + 8;
    let (begin, end) = (Barrier::new(threads), Barrier::new(threads));
    let slots: Vec<Option<usize>> = thread::scope(|scope| {
        let run = || {
            begin.wait();
            // Many threads add, so one of them crosses a multiple only now and then.
            (0..40 * PROMOTE_EVERY).for_each(|_| counter.add(1));
            end.wait();
            thread_slot()
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut owned: Vec<usize> = slots.iter().copied().flatten().collect();
    let owners = owned.len();
    owned.sort_unstable();
    owned.dedup();
    assert_eq!(owned.len(), owners, "two threads had the same slot");
    assert!((1..=MAX_THREADS).contains(&owners), "{owners}");
    assert!(owned.iter().all(|slot| *slot < MAX_THREADS));
    assert_eq!(counter.value(), threads as u64 * 40 * PROMOTE_EVERY);
}

#[test]
fn exclusive_cells_have_bounded_room_and_give_it_back() {
    let _alone = alone();
    let wide = Arc::new(Bounds::new((0..100_000).map(f64::from).collect::<Vec<_>>()));
    let hot = || {
        let histogram = HistogramCells::new(Arc::clone(&wide));
        let shared = histogram.heap_bytes();
        (0..2 * PROMOTE_EVERY).for_each(|_| {
            histogram.record(5.0);
        });
        let own = histogram.heap_bytes() - shared;
        (histogram, own)
    };
    let histograms: Vec<_> = (0..2 * MAX_OWN_BYTES / 800_000).map(|_| hot()).collect();
    let room: usize = histograms.iter().map(|(_, own)| own).sum();
    assert!(
        (MAX_OWN_BYTES - 1_600_000..=MAX_OWN_BYTES).contains(&room),
        "{room}"
    );
    for (histogram, _) in &histograms {
        let mut counts = Vec::new();
        assert_eq!(
            histogram.read_into(&mut counts).to_bits(),
            (5.0 * 2.0 * PROMOTE_EVERY as f64).to_bits()
        );
        assert_eq!(counts[5], 2 * PROMOTE_EVERY);
    }
    drop(histograms);
    assert!(hot().1 > 800_000, "no room was given back");
}

#[test]
fn a_series_is_small_until_it_is_hot() {
    let _alone = alone();
    assert!(size_of::<CounterCells>() <= 24);
    let counter = CounterCells::new();
    let histogram = HistogramCells::new(bounds());
    let requests = RequestCells::new(bounds());
    for _ in 1..PROMOTE_EVERY {
        counter.add(1);
        histogram.record(0.5);
        requests.begin();
        requests.end(0, 5);
    }
    assert_eq!(
        (
            counter.heap_bytes(),
            histogram.heap_bytes(),
            requests.heap_bytes()
        ),
        (0, 4 * 8, 10 * 8)
    );
    counter.add(1);
    histogram.record(0.5);
    requests.begin();
    assert!(counter.heap_bytes() > 0);
    assert!(histogram.heap_bytes() > 4 * 8);
    assert!(requests.heap_bytes() > 10 * 8);
    requests.end(0, 5);
    assert_eq!(
        (counter.value(), requests.finished(0)),
        (PROMOTE_EVERY, PROMOTE_EVERY)
    );
}

#[test]
fn a_few_large_counts_do_not_make_a_series_hot() {
    let _alone = alone();
    let counter = CounterCells::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            (1..PROMOTE_EVERY).for_each(|_| counter.add(10_000));
            assert_eq!(counter.heap_bytes(), 0);
            counter.add(10_000);
            assert!(counter.heap_bytes() > 0);
        });
    });
    assert_eq!(counter.value(), PROMOTE_EVERY * 10_000);
}

#[test]
fn a_counter_is_raised_but_never_lowered() {
    let _alone = alone();
    let counter = CounterCells::new();
    counter.raise_to(5);
    counter.raise_to(3);
    assert_eq!(counter.value(), 5);
    (0..2 * PROMOTE_EVERY).for_each(|_| counter.add(1));
    assert!(counter.heap_bytes() > 0);
    counter.raise_to(PROMOTE_EVERY);
    assert_eq!(counter.value(), 5 + 2 * PROMOTE_EVERY);
    counter.raise_to(1 << 40);
    counter.add(1);
    assert_eq!(counter.value(), (1 << 40) + 1);
}

#[test]
fn raises_by_many_threads_do_not_add_up() {
    let _alone = alone();
    let counter = CounterCells::new();
    write_and_read(|n| counter.raise_to(n), || never_falls(counter.value()));
    assert_eq!(counter.value(), EACH - 1);
}

#[test]
fn a_float_adds_exactly_from_many_threads() {
    let cell = FloatCell::new(1.0);
    write_and_read(|_| cell.add(0.5), || assert!(cell.get() >= 1.0));
    assert_eq!(cell.get().to_bits(), (1.0 + 2.0 * EACH as f64).to_bits());
}

#[test]
fn a_gauge_knows_whether_it_was_written() {
    let gauge = GaugeCell::new();
    assert!(!gauge.take_written());
    gauge.set(4.0);
    gauge.add(-1.5);
    assert_eq!(gauge.get().to_bits(), 2.5_f64.to_bits());
    assert!(gauge.take_written());
    assert!(!gauge.take_written());
    gauge.add(0.0);
    assert!(gauge.take_written());
}

#[test]
fn many_samples_count_as_often_as_said() {
    let histogram = HistogramCells::new(bounds());
    histogram.record_many(0.05, 10);
    histogram.record_many(-2.0, 3);
    let mut counts = Vec::new();
    let sum = histogram.read_into(&mut counts);
    assert_eq!(counts, [3, 10, 0, 0]);
    assert_eq!(sum.to_bits(), (0.5_f64 - 6.0).to_bits());
}
