//! The runtime's heartbeat: a task that must get its turn.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::outage::{Outage, Transition};

/// When something beat last, as the time since its making.
#[derive(Debug)]
pub(super) struct LastBeat {
    made: Instant,
    nanos: AtomicU64,
}

impl LastBeat {
    pub(super) fn new() -> Self {
        Self {
            made: Instant::now(),
            nanos: AtomicU64::new(0),
        }
    }

    pub(super) fn beat(&self) {
        // 2^64 ns are 584 years.
        let nanos = u64::try_from(self.made.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_max(nanos, Ordering::Release);
    }

    pub(super) fn age(&self) -> Duration {
        let beat = Duration::from_nanos(self.nanos.load(Ordering::Acquire));
        self.made.elapsed().saturating_sub(beat)
    }

    /// Whether it beat at all.
    pub(super) fn has_begun(&self) -> bool {
        self.nanos.load(Ordering::Acquire) > 0
    }
}

/// Stuck when its task did not get a turn for `limit`.
#[derive(Debug)]
pub(super) struct RuntimeBeat {
    limit: Duration,
    last: Arc<LastBeat>,
    task: Mutex<Option<AbortHandle>>,
    outage: Outage,
}

impl RuntimeBeat {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            last: Arc::new(LastBeat::new()),
            task: Mutex::default(),
            outage: Outage::default(),
        }
    }

    /// Begins to beat on the current runtime, unless it does already. A task that was begun and is gone went with its
    /// runtime: that is for `is_stuck` to tell, not to be mended from another one.
    pub(super) fn ensure(&self) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            self.last.beat();
            let (last, pause) = (Arc::clone(&self.last), self.limit / 4);
            let beating = runtime.spawn(async move {
                loop {
                    last.beat();
                    sleep(pause).await;
                }
            });
            *task = Some(beating.abort_handle());
        }
    }

    pub(super) fn is_stuck(&self) -> bool {
        let has_begun = self.task.lock().is_ok_and(|task| task.is_some());
        let is_stuck = has_begun && self.last.age() > self.limit;
        match self.outage.update(is_stuck) {
            Some(Transition::Started) => {
                tracing::error!("the runtime is stuck: liveness is unhealthy");
            }
            Some(Transition::Ended) => tracing::info!("the runtime is no longer stuck"),
            None => {}
        }
        is_stuck
    }
}

impl Drop for RuntimeBeat {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}
