//! `PanicEvent`: the event of a panic.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tracing::dispatcher::{self, Dispatch};
use tracing::{Level, Span};

use super::dispatching::dispatching;
use crate::panics::{self, caught_here};
use crate::thread::spawn;

/// The target of the lines about panics.
const PANICS: &str = "panic";

/// How long a thread that panics waits for the line. Lines take microseconds, so it waits only if it has a lock that the line needs.
const DEADLINE: Duration = Duration::from_millis(100);

/// A panic, before its thread unwinds.
pub(super) struct PanicEvent {
    message: String,
    location: Option<String>,
    thread: String,
    backtrace: Backtrace,
    /// The span in which it happened.
    span: Span,
}

impl PanicEvent {
    pub(super) fn of(info: &PanicHookInfo<'_>) -> Self {
        Self {
            message: panics::message(info.payload()).to_owned(),
            location: info.location().map(ToString::to_string),
            thread: thread::current().name().unwrap_or("unnamed").to_owned(),
            backtrace: Backtrace::capture(),
            span: Span::current(),
        }
    }

    pub(super) fn log(&self) {
        self.log_in(&self.span);
    }

    fn log_in(&self, span: &Span) {
        let is_captured = self.backtrace.status() == BacktraceStatus::Captured;
        let backtrace = is_captured.then(|| tracing::field::display(&self.backtrace));
        tracing::event!(
            target: PANICS,
            parent: span,
            Level::ERROR,
            panic.message = self.message,
            panic.location = self.location,
            panic.thread = self.thread,
            panic.backtrace = backtrace,
            "a thread panicked"
        );
    }

    /// Logs in a thread of its own. In this one, a layer that panics while it holds a lock would wait for itself, and one that panics again
    /// would abort the process.
    pub(super) fn log_in_other_thread(self) {
        let dispatch = dispatcher::get_default(Dispatch::clone);
        let (logs, logged) = mpsc::channel::<()>();
        let log = move || {
            dispatcher::with_default(&dispatch, || self.log_somewhere());
            drop(logs);
        };
        if spawn("log-panic", log).is_ok() {
            // By then, the line is written or waits until this thread unwinds.
            let _ = logged.recv_timeout(DEADLINE);
        }
    }

    /// Logs in the span, unless a layer panics, because the panic left a lock of the span poisoned.
    fn log_somewhere(&self) {
        // A panic in here only reaches the former hook.
        dispatching(|| {
            if caught_here(|| self.log()).is_err() {
                let _ = caught_here(|| self.log_in(&Span::none()));
            }
        });
    }
}
