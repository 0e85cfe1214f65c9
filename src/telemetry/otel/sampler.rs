//! `RequestSampler`: samples no probes and scrapes.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

use super::excluded::Excluded;

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
    fn is_excluded(&self, attributes: &[KeyValue]) -> bool {
        let path = attributes.iter().find(|it| it.key.as_str() == "url.path");
        path.is_some_and(|path| self.excluded.contains(&path.value.as_str()))
    }
}

fn is_unsampled_here(parent: &Context) -> bool {
    let span = parent.span();
    let parent = span.span_context();
    parent.is_valid() && !parent.is_remote() && !parent.is_sampled()
}
