//! `TraceIdGenerator`: the ids of traces and spans.

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

use crate::trace_context::take_decided_id;

/// Random ids, except of a trace that was decided about before.
#[derive(Debug, Default)]
pub(super) struct TraceIdGenerator(RandomIdGenerator);

impl IdGenerator for TraceIdGenerator {
    fn new_trace_id(&self) -> TraceId {
        take_decided_id().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}
