//! The panic hook, which logs and then calls the hook before it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::thread;

use tracing::Level;

use crate::panics;

/// The target of the lines about panics.
const PANICS: &str = "panic";

thread_local! {
    /// Whether this thread logs a panic or writes a line now.
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// Logs each panic from now on, then calls the former hook. `before_abort` runs if panics abort the process.
pub(super) fn set(before_abort: impl Fn() + Send + Sync + 'static) {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        without_recursion(|| log(info));
        if cfg!(panic = "abort") {
            before_abort();
        }
        former(info);
    }));
}

/// Calls the function unless this thread is in such a call already, or ends.
pub(super) fn without_recursion(call: impl FnOnce()) {
    let _ = IS_LOGGING.try_with(|is_logging| {
        if is_logging.replace(true) {
            return;
        }
        call();
        is_logging.set(false);
    });
}

fn log(info: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_captured.then(|| tracing::field::display(&backtrace));
    let thread = thread::current();
    tracing::event!(
        target: PANICS,
        Level::ERROR,
        panic.message = panics::message(info.payload()),
        panic.location = info.location().map(tracing::field::display),
        panic.thread = thread.name().unwrap_or("unnamed"),
        panic.backtrace = backtrace,
        "a thread panicked"
    );
}
