//! Panics of checks as outcomes.

use std::any::Any;
use std::future::Future;

use super::Outcome;
use crate::panics;

/// Returns the outcome of the check, which is unhealthy if it panics.
pub(super) async fn caught(check: impl Future<Output = Outcome>) -> Outcome {
    match panics::caught(check).await {
        Ok(outcome) => outcome,
        Err(panic) => panicked(&*panic),
    }
}

pub(super) fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let message = panics::message(panic);
    Outcome::unhealthy().message(format!("the check panicked: {message}"))
}
