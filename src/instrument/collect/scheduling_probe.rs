//! `SchedulingProbe`: the time that a new task waits for its first turn.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::measure::Instant;

/// Spawns one task at a time, and measures its delay.
pub(super) struct SchedulingProbe {
    runtime: Handle,
    latest: Option<Probe>,
}

struct Probe {
    spawned: Instant,
    delay: Arc<OnceLock<Duration>>,
    task: JoinHandle<()>,
}

impl SchedulingProbe {
    pub(super) fn new(runtime: Handle) -> Self {
        let latest = None;
        Self { runtime, latest }
    }

    /// The delay of the last task, or its delay so far. `None` before there is any, and after the runtime has shut down. Spawns the
    /// next task unless the last one waits.
    pub(super) fn read(&mut self) -> Option<Duration> {
        let latest = self.latest.as_ref();
        let has_ended = latest.is_none_or(|probe| probe.task.is_finished());
        let delay = latest.and_then(|probe| match probe.delay.get() {
            Some(delay) => Some(*delay),
            None => (!has_ended).then(|| probe.spawned.elapsed()),
        });
        if has_ended {
            self.latest = Some(Probe::spawn(&self.runtime));
        }
        delay
    }
}

impl Probe {
    fn spawn(runtime: &Handle) -> Self {
        let (spawned, delay) = (Instant::now(), Arc::new(OnceLock::new()));
        let own = Arc::clone(&delay);
        let task = runtime.spawn(async move {
            // Set once, because the task has one turn.
            let _ = own.set(spawned.elapsed());
        });
        Self {
            spawned,
            delay,
            task,
        }
    }
}
