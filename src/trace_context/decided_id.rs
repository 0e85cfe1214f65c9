//! The id of a trace that was decided about before it begins.

use std::cell::Cell;

use opentelemetry::trace::TraceId;

thread_local! {
    static DECIDED: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// The next trace that begins in this thread has this id.
pub(super) fn set(id: TraceId) {
    DECIDED.set(Some(id));
}

/// The id of the trace that begins now, if it is decided already.
pub(crate) fn take() -> Option<TraceId> {
    DECIDED.take()
}
