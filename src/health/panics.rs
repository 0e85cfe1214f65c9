//! Panics of a check's own code, as outcomes.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use super::Outcome;

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
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with a value that is no text");
    Outcome::unhealthy().message(format!("the check panicked: {message}"))
}
