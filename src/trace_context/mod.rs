//! The trace that a span belongs to: its ids for logs and exemplars, and its W3C headers in requests received and sent.
//!
//! Without the feature `otel` there are no traces, and these functions do nothing.

#[cfg(feature = "otel")]
mod decided_id;
mod decision;
#[cfg(feature = "otel")]
mod decisions;
mod duration_until;
mod excluded;
#[cfg(not(feature = "otel"))]
#[path = "no_parent.rs"]
mod parent;
#[cfg(feature = "otel")]
mod parent;
#[cfg(not(feature = "otel"))]
#[path = "no_propagation.rs"]
mod propagation;
#[cfg(feature = "otel")]
mod propagation;
#[cfg(test)]
#[cfg(feature = "otel")]
mod tests;
mod trace_ids;
#[cfg(feature = "otel")]
mod traceparent;

#[cfg(feature = "otel")]
pub(crate) use self::decided_id::take as take_decided_id;
pub(crate) use self::decision::Decision;
#[cfg(feature = "otel")]
pub(crate) use self::decisions::Decisions;
pub(crate) use self::duration_until::DURATION_UNTIL;
pub(crate) use self::excluded::EXCLUDED;
pub(crate) use self::parent::Parent;
pub(crate) use self::propagation::{
    HAS_TRACES, current_ids, end, ids, ids_in_layer, inject, inject_current, set_attribute,
    set_name,
};
pub(crate) use self::trace_ids::TraceIds;
