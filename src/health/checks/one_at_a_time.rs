//! What may hang, one at a time and off the runtime's threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinHandle;

use super::super::Outcome;

/// Lets one attempt be under way: one that hangs (on a dead network file system) is not joined by another each time
/// somebody asks. An attempt goes on when the check that began it was given up.
///
/// A clone stands for itself, as the check that is cloned with it does.
#[derive(Debug, Default)]
pub(super) struct OneAtATime {
    is_busy: Arc<AtomicBool>,
}

impl Clone for OneAtATime {
    fn clone(&self) -> Self {
        Self::default()
    }
}

struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl OneAtATime {
    /// What `work` returns, on one of tokio's blocking threads; or that an earlier attempt still hangs.
    #[cfg(feature = "system")]
    pub(super) async fn blocking(
        &self,
        work: impl FnOnce() -> Outcome + Send + 'static,
    ) -> Outcome {
        self.attempt(|busy| {
            tokio::task::spawn_blocking(move || {
                let _busy = busy;
                work()
            })
        })
        .await
    }

    /// What `work` gives, on a task of its own; or that an earlier attempt still hangs.
    #[cfg(feature = "check-sqlite")]
    pub(super) async fn task(
        &self,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) -> Outcome {
        self.attempt(|busy| {
            tokio::spawn(async move {
                let _busy = busy;
                work.await
            })
        })
        .await
    }

    async fn attempt(&self, begin: impl FnOnce(Busy) -> JoinHandle<Outcome>) -> Outcome {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return Outcome::unhealthy().message("an earlier attempt still hangs");
        }
        match begin(Busy(Arc::clone(&self.is_busy))).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::failed(&error),
        }
    }
}
