//! Panics of a check's own code, as outcomes.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use super::Outcome;
use crate::panics;

/// The future's outcome, or that it panicked.
pub(super) async fn caught(check: impl Future<Output = Outcome>) -> Outcome {
    let mut check = std::pin::pin!(check);
    poll_fn(|cx| {
        let poll = AssertUnwindSafe(|| Pin::as_mut(&mut check).poll(cx));
        match catch_unwind(poll) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(panicked(&*panic)),
        }
    })
    .await
}

pub(super) fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let message = panics::message(panic);
    Outcome::unhealthy().message(format!("the check panicked: {message}"))
}
