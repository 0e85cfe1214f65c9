//! The panic hook, which logs and then calls the hook before it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::thread;
use std::time::Duration;

use tracing::Level;

use super::dispatching::{dispatching, is_dispatching};
use super::log_files::LogFiles;
use crate::panics;

/// The target of the lines about panics.
const PANICS: &str = "panic";

/// How long a process that aborts waits for its files.
const ABORT_DEADLINE: Duration = Duration::from_secs(1);

/// Logs each panic from now on, except those in the log itself, then calls the former hook.
pub(super) fn set(files: LogFiles) {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // A sink that panics may hold a lock that it would wait for.
        if !is_dispatching() {
            dispatching(|| log(info));
        }
        if cfg!(panic = "abort") {
            // The process ends before the handle is dropped. Nobody is left to tell of lost lines.
            let _ = files.flush(ABORT_DEADLINE);
        }
        former(info);
    }));
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
