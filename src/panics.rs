//! Panics of functions and futures, and their messages.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::mem;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// The value of a caught panic. If that panics in turn when it is dropped, nobody is affected.
pub(crate) struct Panic(Option<Box<dyn Any + Send>>);

impl Panic {
    pub(crate) fn new(value: Box<dyn Any + Send>) -> Self {
        Self(Some(value))
    }
}

impl Deref for Panic {
    type Target = dyn Any + Send;

    fn deref(&self) -> &Self::Target {
        match &self.0 {
            Some(value) => &**value,
            None => &(),
        }
    }
}

impl Drop for Panic {
    fn drop(&mut self) {
        let value = self.0.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
            // Its drop could panic again, and so on.
            mem::forget(panic);
        }
    }
}

/// Returns the future's output, or the panic that ended it.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, Panic> {
    let mut future = pin!(future);
    poll_fn(|cx| match caught_here(|| future.as_mut().poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// Returns the function's value, or the panic that ended it.
pub(crate) fn caught_here<T>(call: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(call)).map_err(Panic::new)
}

/// The message of the panic, if its value is a string.
pub(crate) fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
