//! Handles and macros of the facade.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use metrics::{Counter, Histogram, counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;

use super::{idle, let_pass, read, until, until_gone, value};

#[test]
fn kept_handles_continue_from_their_totals() {
    let prometheus = idle().build().unwrap();
    let (orders, queue, wait) = with_local_recorder(&prometheus, || {
        (
            counter!("orders_total"),
            gauge!("queue"),
            histogram!("wait_seconds"),
        )
    });
    orders.increment(3);
    queue.increment(2.0);
    queue.decrement(2.0);
    wait.record(0.5);
    let (mut ordered, mut waited) = (3, 1);
    for _ in 0..3 {
        for name in ["orders_total", "queue", "wait_seconds_count"] {
            until_gone(&prometheus, name);
        }
        let snapshot = prometheus.snapshot();
        assert!(snapshot.family("orders_total").is_none());
        assert!(snapshot.family("wait_seconds").is_none());
        until("the counter returns", || {
            orders.increment(1);
            ordered += 1;
            let total = value(&prometheus, "orders_total");
            assert!(
                total.is_none_or(|total| total == f64::from(ordered)),
                "{total:?} of {ordered}"
            );
            total.is_some()
        });
        until("the gauge returns", || {
            queue.increment(4.0);
            let read = value(&prometheus, "queue");
            assert!(read.is_none_or(|read| read == 4.0), "{read:?}");
            queue.decrement(4.0);
            read.is_some()
        });
        until("the histogram returns", || {
            wait.record(0.5);
            waited += 1;
            let text = read(&prometheus);
            let Some(count) = text.of("wait_seconds_count").next() else {
                return false;
            };
            assert_eq!(count.value.as_f64(), f64::from(waited));
            assert_eq!(text.value("wait_seconds_sum", &[]), f64::from(waited) / 2.0);
            true
        });
    }
}

#[test]
fn a_gauge_that_is_not_zero_keeps_its_value() {
    let prometheus = idle().build().unwrap();
    let queue = with_local_recorder(&prometheus, || gauge!("queue"));
    queue.set(5.0);
    let_pass(&prometheus, || {
        let read = value(&prometheus, "queue");
        assert!(read.is_none_or(|read| read == 5.0), "{read:?}");
    });
    let mut expected = 5.0;
    until("the gauge is shown", || {
        queue.increment(1.0);
        expected += 1.0;
        let read = value(&prometheus, "queue");
        assert!(
            read.is_none_or(|read| read == expected),
            "{read:?} of {expected}"
        );
        read.is_some()
    });
}

/// If it vanished, the decrement would make it -1.
#[test]
fn a_gauge_that_macros_increment_stays_until_they_decrement_it() {
    let prometheus = idle().build().unwrap();
    let add = |by: f64| with_local_recorder(&prometheus, || gauge!("busy").increment(by));
    add(1.0);
    add(1.0);
    for busy in [2.0, 1.0] {
        for _ in 0..2 {
            let_pass(&prometheus, || {
                assert_eq!(value(&prometheus, "busy"), Some(busy));
            });
        }
        add(-1.0);
    }
    assert_eq!(value(&prometheus, "busy").unwrap_or_default(), 0.0);
    until_gone(&prometheus, "busy");
}

/// Without a handle, nothing but the text knew the total. The counter may start anew, as after a restart.
#[test]
fn a_series_of_macros_alone_returns_with_all_new_writes() {
    let prometheus = idle().build().unwrap();
    let write = || {
        with_local_recorder(&prometheus, || {
            counter!("orders_total", "shop" => "eu").increment(1);
        });
    };
    for _ in 0..10 {
        write();
    }
    until_gone(&prometheus, "orders_total");
    let mut new = 0;
    until("the counter returns", || {
        write();
        new += 1;
        let total = value(&prometheus, "orders_total");
        // It may have become idle between two polls, too.
        let is_possible =
            |total: f64| (1.0..=f64::from(new)).contains(&total) || total == f64::from(10 + new);
        assert!(total.is_none_or(is_possible), "{total:?} of {new}");
        total.is_some()
    });
}

#[test]
fn kept_handles_and_macros_write_one_series() {
    let prometheus = idle().build().unwrap();
    let labels = [("shop", "eu"), ("till", "1")];
    let turned = [("till", "1"), ("shop", "eu")];
    let handle = |labels: &[(&'static str, &'static str)]| {
        with_local_recorder(&prometheus, || counter!("orders_total", labels))
    };
    let kept = handle(&labels);
    let mut total = 0;
    let mut late = Vec::new();
    for _ in 0..3 {
        until("the counter returns", || {
            kept.increment(1);
            handle(&turned).increment(1);
            late.push(handle(&labels));
            for handle in &late {
                handle.increment(1);
            }
            total += 2 + late.len();
            let read = value(&prometheus, "orders_total");
            assert!(
                read.is_none_or(|read| read == total as f64),
                "{read:?} of {total}"
            );
            read.is_some()
        });
        until_gone(&prometheus, "orders_total");
    }
}

/// The series of a thread becomes idle whenever the thread waits for a processor.
#[test]
fn nothing_is_lost_when_series_become_idle_while_they_are_written() {
    const THREADS: usize = 4;
    const ROUNDS: u64 = 20_000;

    let prometheus = Prometheus::builder()
        .idle_timeout(Duration::from_millis(2))
        .build()
        .unwrap();
    let handles = |thread: usize| {
        let labels = [("thread", thread.to_string())];
        with_local_recorder(&prometheus, || {
            (
                counter!("work_total", &labels),
                histogram!("work_seconds", &labels),
            )
        })
    };
    let kept: Vec<_> = (0..THREADS).map(handles).collect();
    let write = |thread: usize, handles: &(Counter, Histogram)| {
        handles.0.increment(1);
        handles.1.record(0.5);
        let labels = [("thread", thread.to_string())];
        counter!("work_total", &labels).increment(1);
        histogram!("work_seconds", &labels).record(0.5);
    };
    let (is_done, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                let busy = value(&prometheus, "busy").unwrap_or_default();
                assert!((0.0..=THREADS as f64).contains(&busy), "{busy}");
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let writers = kept.iter().enumerate().map(|(thread, handles)| {
            let prometheus = &prometheus;
            scope.spawn(move || {
                with_local_recorder(prometheus, || {
                    for n in 0..ROUNDS {
                        let busy = gauge!("busy");
                        busy.increment(1.0);
                        write(thread, handles);
                        if n % 2 == 0 {
                            busy.decrement(1.0);
                        } else {
                            gauge!("busy").decrement(1.0);
                        }
                    }
                });
            })
        });
        let writers: Vec<_> = writers.collect();
        let results: Vec<_> = writers.into_iter().map(ScopedJoinHandle::join).collect();
        is_done.store(true, Ordering::Release);
        assert!(results.iter().all(Result::is_ok));
    });
    assert!(reads.into_inner() > 1);
    for (thread, handles) in kept.iter().enumerate() {
        let name = thread.to_string();
        let mut expected = (2 * ROUNDS) as f64;
        until("the last writes are shown", || {
            with_local_recorder(&prometheus, || write(thread, handles));
            expected += 2.0;
            let text = read(&prometheus);
            let shown = ["work_total", "work_seconds_count"].map(|metric| {
                let mut own = text.of(metric);
                let own = own.find(|sample| sample.label("thread") == Some(&name));
                let own = own.map(|sample| sample.value.as_f64());
                assert!(
                    own.is_none_or(|own| own == expected),
                    "{own:?} of {expected}"
                );
                own
            });
            shown.iter().all(Option::is_some)
        });
    }
    assert_eq!(value(&prometheus, "busy").unwrap_or_default(), 0.0);
}
