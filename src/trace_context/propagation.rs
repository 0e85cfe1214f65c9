//! The ids of spans, and their context in headers.

use std::panic::catch_unwind;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::BaggagePropagator;
use percent_encoding::percent_decode_str;
use tracing::{Dispatch, Span, span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::trace_ids::TraceIds;
use super::traceparent;

const BAGGAGE: HeaderName = HeaderName::from_static("baggage");
/// The bytes of baggage that a service must take (W3C Baggage, section 3.3.2), and that OpenTelemetry takes.
const MAX_BAGGAGE: usize = 8192;

/// Whether spans can belong to traces.
pub(crate) const HAS_TRACES: bool = true;

/// The ids of the innermost entered span that belongs to a trace. Works inside a layer, too.
///
/// Costs no look-up of the span, because the layer of tracing-opentelemetry keeps the context of entered spans.
pub(crate) fn current_ids() -> Option<TraceIds> {
    let is_there = HAS_CONTEXT.try_with(|context| context.0).unwrap_or(false);
    if !is_there {
        return None;
    }
    Context::map_current(|context| valid_ids(context.span().span_context()))
}

thread_local! {
    /// Dropped before the context of the thread, because it is made after it. So a thread that ends does not ask for a context that
    /// is gone, which would abort the process.
    static HAS_CONTEXT: HasContext = HasContext(catch_unwind(|| Context::map_current(|_| ())).is_ok());
}

struct HasContext(bool);

/// Without it, the value would be there until the end.
impl Drop for HasContext {
    fn drop(&mut self) {}
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

/// The current context with the caller's span and its baggage, if the headers name any and a span outside did not take them.
pub(super) fn received(headers: &HeaderMap) -> Option<Context> {
    let parent = traceparent::read(headers);
    if parent.as_ref().is_some_and(is_inside) {
        return None;
    }
    let baggage = well_formed_baggage(headers);
    if parent.is_none() && baggage.is_empty() {
        return None;
    }
    let mut context = Context::current();
    if !baggage.is_empty() {
        context = BaggagePropagator::new().extract_with_context(&context, &BaggageIn(baggage));
    }
    if let Some(parent) = parent {
        context = context.with_remote_span_context(parent);
    }
    Some(context)
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

/// Renames a span that has started, in its trace.
pub(crate) fn set_name(span: &Span, name: String) {
    span.context().span().update_name(name);
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

/// Whether the current span is one of this process, in the same trace. A request that this process sent to itself names its span.
fn is_inside(parent: &SpanContext) -> bool {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.trace_id() == parent.trace_id()
            && span.span_id() != parent.span_id()
            && !span.is_remote()
    })
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

/// All `baggage` headers as one list (W3C Baggage, section 3.1), without malformed members: OpenTelemetry can write a warning with
/// all of the list for each. Empty if the headers are longer than OpenTelemetry takes.
pub(super) fn well_formed_baggage(headers: &HeaderMap) -> String {
    if !headers.contains_key(BAGGAGE) {
        return String::new();
    }
    let lists = headers.get_all(BAGGAGE);
    let length: usize = lists.iter().map(|list| list.len() + 1).sum();
    let mut baggage = String::new();
    if length > MAX_BAGGAGE + 1 {
        return baggage;
    }
    let lists = lists.iter().filter_map(|list| list.to_str().ok());
    for member in lists.flat_map(|list| list.split(',')) {
        if is_well_formed(member) {
            if !baggage.is_empty() {
                baggage.push(',');
            }
            baggage.push_str(member);
        }
    }
    baggage
}

fn is_well_formed(member: &str) -> bool {
    let pair = member
        .split(';')
        .next()
        .and_then(|pair| pair.split_once('='));
    let is_text = |text| percent_decode_str(text).decode_utf8().is_ok();
    pair.is_some_and(|(key, value)| !key.trim().is_empty() && is_text(key) && is_text(value))
}

struct BaggageIn(String);

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
