//! `Decisions`: which requests are sampled, before their spans begin.

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing::Subscriber;
use tracing_subscriber::Layer;

use super::decided_id;
use super::decision::Decision;

/// The parent of a request, the id of its trace, and its path decide.
type Decide = dyn Fn(&Context, TraceId, &str) -> Decision + Send + Sync;

/// Tells the layers for requests what the sampler is going to decide, so that they compute no attributes in vain. It is a layer of
/// the subscriber, because these layers find it there.
#[derive(Clone)]
pub(crate) struct Decisions(Arc<Decide>);

impl Decisions {
    pub(crate) fn new(
        decide: impl Fn(&Context, TraceId, &str) -> Decision + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(decide))
    }

    pub(super) fn of(&self, parent: &Context, path: &str) -> Decision {
        let span = parent.span();
        let trace_id = if span.span_context().is_valid() {
            span.span_context().trace_id()
        } else {
            let id = RandomIdGenerator::default().new_trace_id();
            decided_id::set(id);
            id
        };
        (self.0)(parent, trace_id, path)
    }
}

impl<S: Subscriber> Layer<S> for Decisions {}
