//! Recognizes the global recorder of the facade.

use std::cell::Cell;
use std::sync::OnceLock;
use std::{ptr, thread};

use metrics::Recorder;

thread_local! {
    /// A local recorder that this thread has seen, because each look for the global one takes a thread.
    static LOCAL: Cell<usize> = const { Cell::new(0) };
}

/// Whether this is the facade's global recorder. The facade does not expose which one a thread sees.
pub(super) fn is_global(recorder: &dyn Recorder) -> bool {
    /// Once set, the global recorder never changes.
    static GLOBAL: OnceLock<usize> = OnceLock::new();
    let address = |recorder: &dyn Recorder| ptr::from_ref(recorder).cast::<()>().addr();
    let own = address(recorder);
    if let Some(global) = GLOBAL.get() {
        return *global == own;
    }
    if LOCAL.get() == own {
        return false;
    }
    // A new thread has no local recorder.
    let look =
        move || metrics::with_recorder(|recorder| is_real(recorder).then(|| address(recorder)));
    let thread = thread::Builder::new().name("vitals-recorder".to_owned());
    let global = thread.spawn(look).ok().and_then(|look| look.join().ok());
    let is_global = match global.flatten() {
        Some(global) => *GLOBAL.get_or_init(|| global) == own,
        None => false,
    };
    if !is_global {
        LOCAL.set(own);
    }
    is_global
}

/// Whether `recorder` is not the no-op recorder of the facade, which stands in until a recorder is installed.
///
/// The facade does not expose this, but its no-op recorder has size zero. Handles of a zero-sized recorder that does
/// record are not kept; nothing else is lost.
pub(super) fn is_real(recorder: &dyn Recorder) -> bool {
    size_of_val(recorder) > 0
}
