//! How the history is asked: with patience, and whatever it does.

use std::slice;
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::timeout;

use super::history::{History, Registration};
use crate::error::{Error, ErrorKind, with_sources};
use crate::panics;
use crate::redact::redact_line;

/// How long the history may take for one thing. What hangs longer is tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of an error that are logged.
const MAX_ERROR: usize = 1024;

/// Asked within what is caught: a history may panic before it gives what is to be awaited.
pub(super) async fn patiently<'a, T>(
    ask: impl FnOnce() -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Error> {
    let failed = |what: String| Err(Error::new(ErrorKind::Io, what));
    match timeout(PATIENCE, panics::caught(async { ask().await })).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(panic)) => failed(format!(
            "the history of jobs panicked: {}",
            panics::message(&*panic)
        )),
        Err(_) => failed(format!(
            "the history of jobs has not answered within {PATIENCE:?}"
        )),
    }
}

/// Each alone, should one of them be refused: that one then is not known there, and no other's fault.
pub(super) async fn register(history: &dyn History, jobs: &[Registration]) -> Result<(), Error> {
    let is_refused = |error: &Error| error.kind() == ErrorKind::Refused;
    match patiently(|| history.register(jobs)).await {
        Err(error) if is_refused(&error) => {}
        told => return told,
    }
    for job in jobs {
        match patiently(|| history.register(slice::from_ref(job))).await {
            Err(error) if is_refused(&error) => tracing::warn!(
                job = job.job_name,
                error = logged(&error),
                "the history of jobs does not take a job"
            ),
            told => told?,
        }
    }
    Ok(())
}

/// Says once that the history fails at something, and once that it does not any more.
pub(super) struct Outage {
    /// What it cannot.
    what: &'static str,
    is_told: bool,
}

impl Outage {
    pub(super) fn of(what: &'static str) -> Self {
        Self {
            what,
            is_told: false,
        }
    }

    /// Gives what was answered.
    pub(super) fn tell<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        let what = self.what;
        match &answer {
            Ok(_) if self.is_told => tracing::info!("the history of jobs is back: it can {what}"),
            Err(error) if !self.is_told => tracing::warn!(
                error = logged(error),
                "the history of jobs cannot {what}: tried again until it can"
            ),
            _ => {}
        }
        self.is_told = answer.is_err();
        answer
    }
}

/// What is logged of an error: no secret, and no more than a line.
pub(super) fn logged(error: &Error) -> String {
    redact_line(&with_sources(error), MAX_ERROR)
}
