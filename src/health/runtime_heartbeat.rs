//! `RuntimeHeartbeat`: detects a runtime that is stuck.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::beat::LastBeat;
use crate::outage::{Outage, Transition};

/// A task that beats. The runtime is stuck while the task gets no turn for `limit`.
#[derive(Debug)]
pub(super) struct RuntimeHeartbeat {
    limit: Duration,
    last: Arc<LastBeat>,
    is_started: AtomicBool,
    task: OnceLock<AbortHandle>,
    outage: Outage,
}

impl RuntimeHeartbeat {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            last: Arc::new(LastBeat::new()),
            is_started: AtomicBool::new(false),
            task: OnceLock::new(),
            outage: Outage::default(),
        }
    }

    pub(super) fn problem(&self) -> Option<String> {
        let is_zero = self.limit.is_zero();
        is_zero.then(|| "the runtime heartbeat is zero: it must be longer than zero".to_owned())
    }

    /// Starts the task on the current runtime. Does nothing if it was started before: a task that ended with its
    /// runtime is reported by `is_stuck`, not replaced on another runtime.
    pub(super) fn start(&self) {
        if let Ok(runtime) = Handle::try_current()
            && !self.is_started()
        {
            self.last.beat();
            if self.is_started.swap(true, Ordering::AcqRel) {
                return;
            }
            let (last, pause) = (Arc::clone(&self.last), self.limit / 4);
            let beats = runtime.spawn(async move {
                loop {
                    last.beat();
                    sleep(pause).await;
                }
            });
            // Cannot be set already.
            let _ = self.task.set(beats.abort_handle());
        }
    }

    fn is_started(&self) -> bool {
        self.is_started.load(Ordering::Acquire)
    }

    pub(super) fn is_stuck(&self) -> bool {
        let is_stuck = self.is_started() && self.last.age() > self.limit;
        match self.outage.update(is_stuck) {
            Some(Transition::Started) => {
                let left_out = self.outage.left_out();
                tracing::error!(left_out, "the runtime is stuck: liveness is unhealthy");
            }
            Some(Transition::Ended) => tracing::info!("the runtime is no longer stuck"),
            None => {}
        }
        is_stuck
    }
}

impl Drop for RuntimeHeartbeat {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}
