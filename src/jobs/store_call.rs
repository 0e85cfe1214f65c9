//! Calls to the history, with a timeout and with panics caught.

use std::slice;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::{sleep, timeout};

use super::contact::Contact;
use super::history::{History, Registration};
use crate::error::{Error, ErrorKind, logged, with_sources};
use crate::outage::{Outage, Transition};
use crate::panics::{self, Panic};

/// A call that takes longer fails, and is retried like any other failure.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The pause between attempts, which doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Calls the history until it succeeds.
pub(super) async fn retry<'a, T>(
    outages: &OutageLog<'_>,
    attempt: impl Fn() -> BoxFuture<'a, Result<T, Error>>,
) -> T {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Ok(done) = outages.log(with_timeout(&attempt).await) {
            return done;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Calls the history. It may panic before it returns its future, in that future, in the drop of that, and in the text of an
/// error: each is an error.
pub(super) async fn with_timeout<'a, T>(
    call: impl FnOnce() -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    let panicked = |panic: Panic| {
        let message = format!("the job history panicked: {}", panics::message(&*panic));
        Err(Error::new(ErrorKind::Io, message))
    };
    let mut answer = match panics::caught_here(call) {
        Ok(answer) => Answer(Some(answer)),
        Err(panic) => return panicked(panic),
    };
    let Some(future) = &mut answer.0 else {
        return Err(Error::new(ErrorKind::Io, "the job history was not called"));
    };
    match timeout(TIMEOUT, panics::caught(future)).await {
        Ok(Ok(Err(error))) => match panics::caught_here(|| drop(with_sources(&error))) {
            Ok(()) => Err(error),
            Err(panic) => panicked(panic),
        },
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => panicked(panic),
        Err(_) => {
            let message = format!("the job history did not answer within {TIMEOUT:?}");
            Err(Error::new(ErrorKind::Io, message))
        }
    }
}

/// The future of a call. Its drop does not panic.
struct Answer<'a, T>(Option<BoxFuture<'a, Result<T, Error>>>);

impl<T> Drop for Answer<'_, T> {
    fn drop(&mut self) {
        let future = self.0.take();
        if let Err(panic) = panics::caught_here(|| drop(future)) {
            let message = panics::message(&*panic);
            tracing::error!(message, "a future of the job history panicked in its drop");
        }
    }
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

/// Logs once when an operation starts to fail, and once when it works again, at most once a minute. The next line has the
/// number of changes that were left out.
pub(super) struct OutageLog<'a> {
    /// Shows in the health of jobs that the operation fails. `None` if jobs are judged without it.
    contact: Option<&'a Contact>,
    /// Completes "the job history cannot ..".
    operation: &'static str,
    outage: Outage,
}

impl<'a> OutageLog<'a> {
    pub(super) fn new(contact: impl Into<Option<&'a Contact>>, operation: &'static str) -> Self {
        Self {
            contact: contact.into(),
            operation,
            outage: Outage::default(),
        }
    }

    /// Returns the result of the latest attempt unchanged.
    pub(super) fn log<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        let operation = self.operation;
        if let Some(contact) = self.contact {
            contact.update(operation, &result);
        }
        match (self.outage.update(result.is_err()), &result) {
            (Some(Transition::Started), Err(error)) => tracing::warn!(
                error = logged(error),
                left_out = self.outage.left_out(),
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
