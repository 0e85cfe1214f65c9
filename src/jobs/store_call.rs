//! Calls to the history, with a timeout and with panics caught.

use std::slice;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::{sleep, timeout};

use super::history::{History, Registration};
use crate::error::{Error, ErrorKind, logged};
use crate::outage::{Outage, Transition};
use crate::panics;

/// A call that takes longer fails, and is retried like any other failure.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between attempts, which doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Calls the history until it succeeds.
pub(super) async fn retry<'a, T>(
    operation: &'static str,
    attempt: impl Fn() -> BoxFuture<'a, Result<T, Error>>,
) -> T {
    let mut pause = FIRST_PAUSE;
    let outages = OutageLog::new(operation);
    loop {
        if let Ok(done) = outages.log(with_timeout(&attempt).await) {
            return done;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Calls the history. `call` runs inside the guard too, because a history may panic before it returns its future.
pub(super) async fn with_timeout<'a, T>(
    call: impl FnOnce() -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    let message = match timeout(TIMEOUT, panics::caught(async { call().await })).await {
        Ok(Ok(result)) => return result,
        Ok(Err(panic)) => format!("the job history panicked: {}", panics::message(&*panic)),
        Err(_) => format!("the job history did not answer within {TIMEOUT:?}"),
    };
    Err(Error::new(ErrorKind::Io, message))
}

/// Registers jobs. If the history refuses the list, each job is registered alone, so that only the refused one is missing.
pub(super) async fn register(history: &dyn History, jobs: &[Registration]) -> Result<(), Error> {
    let is_refused = |error: &Error| error.kind() == ErrorKind::Refused;
    match with_timeout(|| history.register(jobs)).await {
        Err(error) if is_refused(&error) => {}
        result => return result,
    }
    for job in jobs {
        match with_timeout(|| history.register(slice::from_ref(job))).await {
            Err(error) if is_refused(&error) => tracing::warn!(
                job = job.job_name,
                error = logged(&error),
                "the job history refused to register a job"
            ),
            result => result?,
        }
    }
    Ok(())
}

/// Logs once when an operation starts to fail, and once when it works again.
pub(super) struct OutageLog {
    /// Completes "the job history cannot ..".
    operation: &'static str,
    outage: Outage,
}

impl OutageLog {
    pub(super) fn new(operation: &'static str) -> Self {
        let outage = Outage::default();
        Self { operation, outage }
    }

    /// Returns the result of the latest attempt unchanged.
    pub(super) fn log<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        let operation = self.operation;
        match (self.outage.update(result.is_err()), &result) {
            (Some(Transition::Started), Err(error)) => tracing::warn!(
                error = logged(error),
                "the job history cannot {operation}: retrying"
            ),
            (Some(Transition::Ended), _) => {
                tracing::info!("the job history can {operation} again");
            }
            _ => {}
        }
        result
    }
}
