//! The panic hook, which logs and then calls the hook before it.

use std::panic;
use std::time::Duration;

use super::dispatching::{dispatching, is_dispatching};
use super::log_files::LogFiles;
use super::panic_event::PanicEvent;

/// How long a process that aborts waits for its files.
const ABORT_DEADLINE: Duration = Duration::from_secs(1);

/// Logs each panic from now on, except those in the log itself, then calls the former hook.
///
/// `has_others` tells of layers beside the log. One of them may be what panics, and nobody knows.
pub(super) fn set(files: LogFiles, has_others: bool) {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // A sink that panics may hold a lock that it would wait for.
        if !is_dispatching() {
            let event = PanicEvent::of(info);
            if has_others {
                event.log_in_other_thread();
            } else {
                dispatching(|| event.log());
            }
        }
        if cfg!(panic = "abort") {
            // The process ends before the handle is dropped. Nobody is left to tell of lost lines.
            let _ = files.flush(ABORT_DEADLINE);
        }
        former(info);
    }));
}
