//! The metrics of the tokio runtime that need no unstable flag.

use std::time::Duration;

use metrics::Counter;
use tokio::runtime::{Handle, RuntimeMetrics};

use super::Collectors;
use super::scheduling_probe::SchedulingProbe;
use crate::catalog::{
    Family, TOKIO_ALIVE_TASKS, TOKIO_BUSY_RATIO, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_PARKS,
    TOKIO_SCHEDULING_DELAY, TOKIO_WORKERS,
};
use crate::measure::Instant;
use crate::recorder::RecorderRef;

impl Collectors {
    /// Collects the tokio runtime of this handle. `Handle::current()` is the runtime of the caller.
    ///
    /// The scheduling delay is measured with one small task for each collection. While the runtime is stuck, the task waits, and its
    /// delay so far is recorded.
    ///
    /// The handle does not keep the runtime alive. After the runtime has shut down, its last values are recorded.
    pub fn runtime(self, handle: &Handle) -> Self {
        let mut probe = SchedulingProbe::new(handle.clone());
        let collectors = self.with("runtime", collector(handle.metrics()));
        // After the number of tasks was read, because the probe is a task, too.
        collectors.with("runtime", move |recorder| {
            if let Some(delay) = probe.read() {
                recorder.set_gauge(&TOKIO_SCHEDULING_DELAY.key([]), delay.as_secs_f64());
            }
        })
    }
}

fn collector(metrics: RuntimeMetrics) -> impl FnMut(&RecorderRef) + Send {
    // The busy ratio is the difference of two readings, so the first one has none.
    let mut previous: Option<(Instant, Duration)> = None;
    move |recorder| {
        let set = |family: &Family, value| recorder.set_gauge(&family.key([]), value);
        let workers = metrics.num_workers();
        set(&TOKIO_WORKERS, workers as f64);
        set(&TOKIO_ALIVE_TASKS, metrics.num_alive_tasks() as f64);
        set(
            &TOKIO_GLOBAL_QUEUE_DEPTH,
            metrics.global_queue_depth() as f64,
        );
        let busy = (0..workers).map(|worker| metrics.worker_total_busy_duration(worker));
        let now = (Instant::now(), busy.sum());
        if let Some(previous) = previous.replace(now) {
            let available = now.0.since(previous.0).as_secs_f64() * workers as f64;
            let busy = now.1.saturating_sub(previous.1).as_secs_f64();
            // Workers update their busy time when they park, so a long poll may add more than the interval.
            let ratio = busy / available.max(f64::MIN_POSITIVE);
            set(&TOKIO_BUSY_RATIO, ratio.min(1.0));
        }
        let parks = (0..workers).map(|worker| metrics.worker_park_count(worker));
        let counter: Counter = recorder.register(&TOKIO_PARKS.key([]));
        counter.absolute(parks.sum());
    }
}
