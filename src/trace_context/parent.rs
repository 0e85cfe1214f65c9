//! `Parent`: the span that a request's span begins inside.

use http::HeaderMap;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, ContextGuard};
use tracing::{Span, dispatcher};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::decided_id;
use super::decision::Decision;
use super::decisions::Decisions;
use super::propagation::received;

/// The caller's span, while the span of the request begins: it becomes its parent, because it is the current one.
#[must_use]
pub(crate) struct Parent {
    _attached: Option<ContextGuard>,
    is_root: bool,
}

impl Parent {
    /// The span that the headers name, and the baggage. The current span if they name none, or if it is a child of theirs already,
    /// because a layer outside read them.
    pub(crate) fn enter(headers: &HeaderMap) -> Self {
        Self {
            _attached: received(headers).map(Context::attach),
            is_root: false,
        }
    }

    /// The decision about a request with this path, which is sampled if nobody decides.
    pub(crate) fn decide(&mut self, path: &str) -> Decision {
        dispatcher::get_default(|dispatch| {
            let decisions = dispatch.downcast_ref::<Decisions>()?;
            Context::map_current(|parent| {
                self.is_root = !parent.span().span_context().is_valid();
                Some(decisions.of(parent, path))
            })
        })
        .unwrap_or(Decision::Sampled)
    }

    /// Called after the span began. A trace that begins with it has the id that was decided about.
    pub(crate) fn begun(&self, span: &Span) {
        if self.is_root {
            span.context();
        }
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        if self.is_root {
            decided_id::take();
        }
    }
}
