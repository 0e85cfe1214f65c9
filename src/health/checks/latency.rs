//! The outcome of a request to a server, with its latency.

use tokio::time::Instant;

use super::super::Outcome;
use crate::time::milliseconds;

/// Healthy with `latency_ms`, or unhealthy with the explained error as the message.
pub(super) fn outcome<E>(
    result: Result<(), E>,
    started: Instant,
    explain: impl FnOnce(&E) -> String,
) -> Outcome {
    match result {
        Ok(()) => Outcome::healthy().data("latency_ms", milliseconds(started.elapsed())),
        Err(error) => Outcome::unhealthy().message(explain(&error)),
    }
}
