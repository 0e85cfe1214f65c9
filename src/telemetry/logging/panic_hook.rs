//! The panic hook, which logs and then calls the hook before it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::thread;
use std::time::Duration;

use tracing::Level;

use super::log_files::LogFiles;
use crate::panics;

/// The target of the lines about panics.
const PANICS: &str = "panic";

thread_local! {
    /// Whether this thread logs a panic.
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

/// How long a process that aborts waits for its files.
const ABORT_DEADLINE: Duration = Duration::from_secs(1);

/// Logs each panic from now on, then calls the former hook.
pub(super) fn set(files: LogFiles) {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        without_recursion(|| log(info));
        if cfg!(panic = "abort") {
            // The process ends before the handle is dropped. Nobody is left to tell of lost lines.
            let _ = files.flush(ABORT_DEADLINE);
        }
        former(info);
    }));
}

/// Calls the function unless this thread is in such a call already, or ends.
fn without_recursion(call: impl FnOnce()) {
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
