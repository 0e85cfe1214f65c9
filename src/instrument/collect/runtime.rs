//! The tokio runtime, by what it tells of itself without unstable flags.

use std::time::Duration;

use metrics::{Counter, Gauge};
use tokio::runtime::{Handle, RuntimeMetrics};

use crate::catalog::{
    Family, TOKIO_ALIVE_TASKS, TOKIO_BUSY_RATIO, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_PARKS,
    TOKIO_WORKERS,
};
use crate::measure::Instant;
use crate::recorder::RecorderRef;

/// A runtime that has ended tells its last figures: a handle does not keep it going.
pub(super) fn collector(handle: &Handle) -> impl FnMut(&RecorderRef) + Send + use<> {
    let metrics = handle.metrics();
    // Of the reading before: the first has no busy ratio.
    let mut before: Option<(Instant, Duration)> = None;
    move |recorder| {
        let set = |family: &Family, value: f64| {
            recorder.register::<Gauge>(&family.key([])).set(value);
        };
        let workers = metrics.num_workers();
        set(&TOKIO_WORKERS, workers as f64);
        set(&TOKIO_ALIVE_TASKS, metrics.num_alive_tasks() as f64);
        set(
            &TOKIO_GLOBAL_QUEUE_DEPTH,
            metrics.global_queue_depth() as f64,
        );
        let now = (Instant::now(), busy(&metrics));
        if let Some(before) = before.replace(now) {
            let could = now.0.since(before.0).as_secs_f64() * workers as f64;
            let was = now.1.saturating_sub(before.1).as_secs_f64();
            // The workers write theirs when they park: a long poll may count more than there was time for.
            set(
                &TOKIO_BUSY_RATIO,
                (was / could.max(f64::MIN_POSITIVE)).min(1.0),
            );
        }
        let parks = each(&metrics, RuntimeMetrics::worker_park_count).sum();
        recorder
            .register::<Counter>(&TOKIO_PARKS.key([]))
            .absolute(parks);
    }
}

fn busy(metrics: &RuntimeMetrics) -> Duration {
    each(metrics, RuntimeMetrics::worker_total_busy_duration).sum()
}

fn each<T>(
    metrics: &RuntimeMetrics,
    of: impl Fn(&RuntimeMetrics, usize) -> T,
) -> impl Iterator<Item = T> {
    (0..metrics.num_workers()).map(move |worker| of(metrics, worker))
}
