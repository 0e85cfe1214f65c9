//! Two threads at once.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::cpu_time::CpuTime;
use super::statistics::median;

/// For all rounds. An idle machine needs a tenth of it.
const LIMIT: Duration = Duration::from_secs(2);

/// One thread's part of a round.
struct Part {
    began: Instant,
    ended: Instant,
    cpu_nanos: f64,
}

impl Part {
    fn of(run: impl FnOnce()) -> Self {
        let cpu = CpuTime::now();
        let began = Instant::now();
        run();
        let ended = Instant::now();
        Self {
            began,
            ended,
            cpu_nanos: cpu.nanos(),
        }
    }

    /// Whether the thread kept its core all the time.
    fn is_undisturbed(&self) -> bool {
        self.cpu_nanos >= 0.95 * nanos(self.ended - self.began)
    }
}

fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// Runs `run(thread, count)` on two threads at once, in several rounds. Returns the median of nanoseconds of wall time per
/// repetition of either thread; NaN if no round counted.
///
/// Only rounds count in which both threads kept a core and overlapped for nine tenths of the time. On a busy machine the
/// threads often run one after the other, where they cannot contend.
pub(crate) fn on_two_threads(
    rounds: usize,
    count: u32,
    run: &(dyn Fn(usize, u32) + Sync),
    drain: &dyn Fn(),
) -> f64 {
    let mut times = Vec::new();
    let began = Instant::now();
    while times.len() < rounds && began.elapsed() < LIMIT {
        // Gives up the core, so that a round rarely begins at the end of a time slice.
        thread::sleep(Duration::from_micros(100));
        times.extend(round(count, run));
        drain();
    }
    if times.is_empty() {
        return f64::NAN;
    }
    median(times)
}

/// Returns nothing if the threads did not run at once.
fn round(count: u32, run: &(dyn Fn(usize, u32) + Sync)) -> Option<f64> {
    let ready = AtomicU32::new(0);
    let part = |thread| {
        ready.fetch_add(1, Ordering::AcqRel);
        // Waking a sleeping thread would take as long as the round.
        while ready.load(Ordering::Acquire) < 2 {
            spin_loop();
        }
        Part::of(|| run(thread, count))
    };
    let parts = thread::scope(|scope| {
        let other = scope.spawn(|| part(1));
        [part(0), other.join().unwrap()]
    });
    let [a, b] = &parts;
    let both = nanos(
        a.ended
            .min(b.ended)
            .saturating_duration_since(a.began.max(b.began)),
    );
    let either = nanos(a.ended.max(b.ended) - a.began.min(b.began));
    let counts = parts.iter().all(Part::is_undisturbed) && both >= 0.9 * either;
    counts.then(|| either / f64::from(2 * count))
}
