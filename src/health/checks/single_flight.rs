//! `SingleFlight`: one attempt at a time at work that may hang.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::super::Outcome;
use crate::thread;

/// Allows one attempt at a time, so that attempts that hang (on a dead network file system) do not pile up. An attempt
/// goes on after the check that started it timed out.
///
/// A clone is independent, as the cloned check is.
#[derive(Debug, Default)]
pub(super) struct SingleFlight(Arc<Mutex<()>>);

impl Clone for SingleFlight {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl SingleFlight {
    /// Makes an attempt, unless the guard of an earlier one is still held.
    pub(super) async fn run<F>(&self, attempt: impl FnOnce(OwnedMutexGuard<()>) -> F) -> Outcome
    where
        F: Future<Output = Outcome>,
    {
        match Arc::clone(&self.0).try_lock_owned() {
            Ok(guard) => attempt(guard).await,
            Err(_) => Outcome::unhealthy().message("an earlier attempt is still running"),
        }
    }

    /// Makes an attempt [on a thread](on_thread).
    #[cfg(any(test, feature = "system"))]
    pub(super) async fn run_on_thread(
        &self,
        work: impl FnOnce() -> Outcome + Send + 'static,
    ) -> Outcome {
        let attempt = |guard| {
            on_thread(move || {
                let _guard = guard;
                work()
            })
        };
        self.run(attempt).await
    }
}

/// Runs `work` on a new thread. A panic is an unhealthy outcome.
///
/// This is not a blocking thread of tokio, because a runtime that shuts down waits for those, even if they hang.
pub(super) async fn on_thread(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    let (sender, receiver) = oneshot::channel();
    let run = move || {
        // Fails if the check timed out.
        let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
    };
    if let Err(error) = thread::spawn("vitals-check", run) {
        return Outcome::failed(&error);
    }
    match receiver.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Outcome::panicked(&*panic),
        Err(error) => Outcome::failed(&error),
    }
}

#[cfg(test)]
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
    fn an_attempt_that_hangs_does_not_block_the_end_of_its_runtime() {
        let (release, released) = mpsc::channel::<()>();
        let flight = SingleFlight::default();
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap()
        };
        let first = runtime();
        let hangs = flight.run_on_thread(move || {
            let _ = released.recv();
            Outcome::healthy()
        });
        first.block_on(async {
            let elapsed = tokio::time::timeout(Duration::from_millis(20), hangs).await;
            assert!(elapsed.is_err());
        });
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || {
            drop(first);
            let _ = sender.send(());
        });
        assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(()));

        let second = runtime();
        let again = || result(second.block_on(flight.run_on_thread(Outcome::healthy)));
        assert_eq!(
            again().message(),
            Some("an earlier attempt is still running")
        );
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
        let flight = SingleFlight::default();
        let outcome = runtime.block_on(flight.run_on_thread(|| panic!("boom")));
        let message = "the check panicked: boom";
        assert_eq!(result(outcome).message(), Some(message));
    }
}
