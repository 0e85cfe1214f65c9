//! What any recorder builds on: clock reads and atomic additions.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::{CpuTime, Figures, least, on_two_threads};

const ROUND: u32 = 20_000;
const ROUNDS: usize = 101;
const ROUNDS_OF_TWO: usize = 31;

struct Case {
    name: &'static str,
    run: Box<dyn Fn(u32)>,
}

fn case(name: &'static str, once: impl Fn() + 'static) -> Case {
    Case {
        name,
        run: Box::new(move |count| (0..count).for_each(|_| once())),
    }
}

fn cases(total: Arc<AtomicU64>) -> [Case; 6] {
    let clock = quanta::Clock::new();
    let raw = clock.clone();
    [
        case("the loop alone", || {
            black_box(());
        }),
        case("clock read, quanta::Instant::now", || {
            black_box(quanta::Instant::now());
        }),
        case("clock read, quanta::Clock::raw", move || {
            black_box(raw.raw());
        }),
        case(
            "two clock reads and the seconds between, Instant::now",
            || {
                let started = black_box(quanta::Instant::now());
                let elapsed = quanta::Instant::now().duration_since(started);
                black_box(elapsed.as_secs_f64());
            },
        ),
        case(
            "two clock reads and the seconds between, Clock::raw",
            move || {
                let started = black_box(clock.raw());
                black_box(clock.delta_as_nanos(started, clock.raw()) as f64 / 1e9);
            },
        ),
        case("atomic add", move || {
            total.fetch_add(black_box(1), Ordering::Relaxed);
        }),
    ]
}

pub(crate) fn measure(figures: &mut Figures) {
    let total = Arc::new(AtomicU64::new(0));
    let cases = cases(Arc::clone(&total));
    let mut times = [const { Vec::new() }; 6];
    for _ in 0..ROUNDS {
        for (case, times) in cases.iter().zip(&mut times) {
            times.push(CpuTime::of(|| (case.run)(ROUND)) / f64::from(ROUND));
        }
    }
    for (case, times) in cases.iter().zip(times) {
        figures.push(case.name, least(times));
    }
    let shared = |_, count| {
        for _ in 0..count {
            total.fetch_add(black_box(1), Ordering::Relaxed);
        }
    };
    figures.push(
        "atomic add, 2 threads, same number",
        on_two_threads(ROUNDS_OF_TWO, ROUND, &shared, &|| {}),
    );
}
