//! `TraceSource`: the ids of the trace that an event belongs to.

use std::sync::OnceLock;

use tracing::dispatcher::WeakDispatch;
use tracing::{Dispatch, Event};

use crate::trace_context::{self, TraceIds};

/// Finds the ids of an event's span. The spans of a layer are only known through its dispatch.
#[derive(Debug, Default)]
pub(super) struct TraceSource {
    dispatch: OnceLock<WeakDispatch>,
}

impl TraceSource {
    pub(super) fn on_register_dispatch(&self, dispatch: &Dispatch) {
        // A layer is registered once.
        let _ = self.dispatch.set(dispatch.downgrade());
    }

    /// The ids of the event's span. The caller holds no extensions of it.
    pub(super) fn ids(&self, event: &Event<'_>) -> Option<TraceIds> {
        if event.is_contextual() {
            return trace_context::current_ids();
        }
        let dispatch = self.dispatch.get()?.upgrade()?;
        trace_context::ids_in_layer(event.parent()?, &dispatch)
    }
}
