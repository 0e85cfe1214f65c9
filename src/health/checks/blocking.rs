//! Calls that block, off the runtime's threads and one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Outcome;

/// Keeps a blocking call to one thread: a reading that hangs (a dead network file system) is not joined by another one
/// each time somebody asks.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocking {
    is_busy: Arc<AtomicBool>,
}

struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Blocking {
    /// What `work` returns; or that an earlier call still hangs.
    pub(super) async fn run(&self, work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return Outcome::unhealthy().message("an earlier reading still hangs");
        }
        let busy = Busy(Arc::clone(&self.is_busy));
        let work = move || {
            let _busy = busy;
            work()
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::failed(&error),
        }
    }
}
