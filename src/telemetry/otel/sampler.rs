//! `RequestSampler`: samples no probes and scrapes.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::excluded::Excluded;
use crate::trace_context::{Decision, EXCLUDED};

/// Leaves the decision to another sampler, except for requests with an excluded path, and for spans inside one that is not sampled.
///
/// The second rule keeps the children of an excluded request out when the other sampler does not ask parents. It changes nothing else,
/// because samplers that do not ask parents decide by the trace, which a local parent shares.
#[derive(Debug, Clone)]
pub(super) struct RequestSampler {
    pub(super) sampler: Sampler,
    pub(super) excluded: Excluded,
}

impl ShouldSample for RequestSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let is_excluded = *kind == SpanKind::Server && self.is_excluded(attributes);
        if is_excluded || parent.is_some_and(is_unsampled_here) {
            let parent = parent.map(|parent| parent.span().span_context().trace_state().clone());
            return SamplingResult {
                decision: SamplingDecision::Drop,
                attributes: Vec::new(),
                trace_state: parent.unwrap_or(TraceState::NONE),
            };
        }
        let sampler = &self.sampler;
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

impl RequestSampler {
    /// What is going to be decided about the span of a request.
    pub(super) fn decide(&self, parent: &Context, trace_id: TraceId, path: &str) -> Decision {
        if self.excluded.contains(path) {
            return Decision::Excluded;
        }
        let kind = SpanKind::Server;
        let sampled = self.should_sample(Some(parent), trace_id, "", &kind, &[], &[]);
        match sampled.decision {
            SamplingDecision::RecordAndSample => Decision::Sampled,
            _ => Decision::NotSampled,
        }
    }

    fn is_excluded(&self, attributes: &[KeyValue]) -> bool {
        attributes.iter().any(|it| match it.key.as_str() {
            EXCLUDED => it.value == Value::Bool(true),
            "url.path" => self.excluded.contains(&it.value.as_str()),
            _ => false,
        })
    }
}

fn is_unsampled_here(parent: &Context) -> bool {
    let span = parent.span();
    let parent = span.span_context();
    parent.is_valid() && !parent.is_remote() && !parent.is_sampled()
}
