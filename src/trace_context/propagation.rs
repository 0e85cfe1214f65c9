//! The ids of spans, and their context in headers.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::BaggagePropagator;
use tracing::{Dispatch, Span, span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::trace_ids::TraceIds;
use super::traceparent;

const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Whether spans can belong to traces.
pub(crate) const HAS_TRACES: bool = true;

/// The ids of the innermost entered span that belongs to a trace. Works inside a layer, too.
///
/// Costs no look-up of the span, because the layer of tracing-opentelemetry keeps the context of entered spans.
pub(crate) fn current_ids() -> Option<TraceIds> {
    Context::map_current(|context| valid_ids(context.span().span_context()))
}

/// The ids of a span. Starts it, so its parent and its name are final afterwards.
pub(crate) fn ids(span: &Span) -> Option<TraceIds> {
    valid_ids(span.context().span().span_context())
}

/// The ids of a span, for a layer that knows its dispatch from `on_register_dispatch`. Starts the span, like [`ids`]. The caller
/// holds no extensions of the span, because this locks them.
pub(crate) fn ids_in_layer(span: &span::Id, dispatch: &Dispatch) -> Option<TraceIds> {
    let context = tracing_opentelemetry::get_otel_context(span, dispatch)?;
    valid_ids(context.span().span_context())
}

/// Makes the span a child of the caller's span, if the headers name one, and takes the baggage over. Has no effect on a span that
/// has started: one that was entered, has a child, or was asked for its ids.
pub(crate) fn set_parent(span: &Span, headers: &HeaderMap) {
    let parent = traceparent::read(headers);
    let has_baggage = headers.contains_key(BAGGAGE);
    if parent.is_none() && !has_baggage {
        return;
    }
    let mut context = Context::current();
    if has_baggage {
        context = BaggagePropagator::new().extract_with_context(&context, &BaggageIn::of(headers));
    }
    if let Some(parent) = parent {
        context = context.with_remote_span_context(parent);
    }
    // Fails without the layer of tracing-opentelemetry, and for a span that it does not see.
    let _ = span.set_parent(context);
}

/// Sets an attribute in the span's part of its trace, which logs do not show.
pub(crate) fn set_attribute(span: &Span, name: &'static str, value: &str) {
    span.set_attribute(name, value.to_owned());
}

/// Ends the span's part of its trace now. Events and attributes that follow are lost. The span of `tracing` may stay open, because
/// tasks that outlive the request may run inside.
pub(crate) fn end(span: &Span) {
    span.context().span().end();
}

/// Writes the context of the span into the headers of a request that it sends, or else the current context. Starts the span.
pub(crate) fn inject(span: &Span, headers: &mut HeaderMap) {
    let context = span.context();
    if context.span().span_context().is_valid() {
        inject_context(&context, headers);
    } else {
        inject_current(headers);
    }
}

/// Writes the current context into the headers of a request.
pub(crate) fn inject_current(headers: &mut HeaderMap) {
    Context::map_current(|context| inject_context(context, headers));
}

fn inject_context(context: &Context, headers: &mut HeaderMap) {
    let span = context.span();
    let span = span.span_context();
    if let Some(ids) = valid_ids(span) {
        traceparent::write(ids, span.trace_state(), headers);
    }
    if !context.baggage().is_empty() {
        BaggagePropagator::new().inject_context(context, &mut BaggageOut(headers));
    }
}

fn valid_ids(context: &SpanContext) -> Option<TraceIds> {
    context.is_valid().then(|| TraceIds {
        trace_id: context.trace_id().to_bytes(),
        span_id: context.span_id().to_bytes(),
        flags: u8::from(context.is_sampled()),
    })
}

/// All `baggage` headers as one list (W3C Baggage, section 3.1).
struct BaggageIn(String);

impl BaggageIn {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(BAGGAGE).iter();
        let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
        Self(values.join(","))
    }
}

impl Extractor for BaggageIn {
    fn get(&self, _key: &str) -> Option<&str> {
        Some(&self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["baggage"]
    }
}

struct BaggageOut<'a>(&'a mut HeaderMap);

impl Injector for BaggageOut<'_> {
    fn set(&mut self, _key: &str, value: String) {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.0.insert(BAGGAGE, value);
        }
    }
}
