//! What may hang, one at a time and off the runtime's threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use super::super::Outcome;
use super::super::panics::panicked;
use crate::thread;

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

/// What `work` returns, on a thread of its own; or what became of it.
///
/// None of tokio's blocking threads: a runtime that ends waits for those, and with what hangs the process never would.
pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Outcome> {
    let (tell, told) = oneshot::channel();
    let run = move || {
        // An error is that nobody waits for it any more.
        let _ = tell.send(catch_unwind(AssertUnwindSafe(work)));
    };
    if let Err(error) = thread::spawn("vitals-check", run) {
        return Err(Outcome::failed(&error));
    }
    match told.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(panic)) => Err(panicked(&*panic)),
        Err(gone) => Err(Outcome::failed(&gone)),
    }
}

impl OneAtATime {
    /// What `work` returns, on a thread of its own; or that an earlier attempt still hangs.
    #[cfg(feature = "system")]
    pub(super) async fn blocking(
        &self,
        work: impl FnOnce() -> Outcome + Send + 'static,
    ) -> Outcome {
        let Some(busy) = self.begin() else {
            return still_hangs();
        };
        let found = on_thread(move || {
            let _busy = busy;
            work()
        });
        found.await.unwrap_or_else(|problem| problem)
    }

    /// What `work` gives, on a task of its own; or that an earlier attempt still hangs.
    #[cfg(feature = "check-sqlite")]
    pub(super) async fn task(
        &self,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) -> Outcome {
        let Some(busy) = self.begin() else {
            return still_hangs();
        };
        let found = tokio::spawn(async move {
            let _busy = busy;
            work.await
        });
        found.await.unwrap_or_else(|error| Outcome::failed(&error))
    }

    fn begin(&self) -> Option<Busy> {
        let is_busy = self.is_busy.swap(true, Ordering::AcqRel);
        (!is_busy).then(|| Busy(Arc::clone(&self.is_busy)))
    }
}

fn still_hangs() -> Outcome {
    Outcome::unhealthy().message("an earlier attempt still hangs")
}

#[cfg(all(test, feature = "system"))]
mod tests {
    use super::*;
    use crate::health::{CheckResult, Status};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    fn result(outcome: Outcome) -> CheckResult {
        CheckResult::new(&Arc::from("it"), outcome, Duration::ZERO)
    }

    #[test]
    fn what_hangs_holds_up_no_runtime_that_ends() {
        let (release, released) = mpsc::channel::<()>();
        let attempts = OneAtATime::default();
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap()
        };
        let first = runtime();
        let hangs = attempts.blocking(move || {
            let _ = released.recv();
            Outcome::healthy()
        });
        first.block_on(async {
            let waited = tokio::time::timeout(Duration::from_millis(20), hangs).await;
            assert!(waited.is_err());
        });
        let (tell, ended) = mpsc::channel();
        thread::spawn(move || {
            drop(first);
            let _ = tell.send(());
        });
        assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(()));

        let second = runtime();
        let again = || result(second.block_on(attempts.blocking(Outcome::healthy)));
        assert_eq!(again().message(), Some("an earlier attempt still hangs"));
        drop(release);
        while again().status() != Status::Healthy {
            thread::yield_now();
        }
    }

    #[test]
    fn a_panic_is_the_outcome() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let outcome = runtime.block_on(OneAtATime::default().blocking(|| panic!("boom")));
        let message = "the check panicked: boom";
        assert_eq!(result(outcome).message(), Some(message));
    }
}
