//! Whether this thread is in the layers of the log.

use std::cell::Cell;

thread_local! {
    static IS_DISPATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the function that [`dispatching`] called has not returned.
pub(super) fn is_dispatching() -> bool {
    IS_DISPATCHING.try_with(Cell::get).unwrap_or(true)
}

/// Calls a function in which sinks and values of the service run. They may hold locks when they panic, so the panic hook must not log
/// then.
pub(super) fn dispatching(call: impl FnOnce()) {
    let before = IS_DISPATCHING.try_with(|is_dispatching| is_dispatching.replace(true));
    let _restore = Restore(before.unwrap_or(true));
    call();
}

struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = IS_DISPATCHING.try_with(|is_dispatching| is_dispatching.set(self.0));
    }
}
