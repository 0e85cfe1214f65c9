//! The fields of a span, which are kept with it.

use tracing::Subscriber;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use super::scratch::Scratch;

/// The fields of a span, redacted and in JSON. All layers of this module share them.
pub(super) struct SpanFields(pub(super) Fields);

/// Keeps the fields that a span begins with.
///
/// Values are formatted before the span is locked, because their `Debug` may log within the span.
pub(super) fn on_new_span<S>(attributes: &Attributes<'_>, id: &Id, context: &Context<'_, S>)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    if attributes.values().is_empty() {
        return;
    }
    let Some(span) = context.span(id) else {
        return;
    };
    if span.extensions().get::<SpanFields>().is_some() {
        return;
    }
    Scratch::with(|scratch| {
        attributes.record(&mut scratch.span_visitor());
        if !scratch.fields.is_empty() {
            span.extensions_mut()
                .replace(SpanFields(scratch.fields.to_compact()));
        }
    });
}

/// Keeps the fields that a span records later, in place of earlier values.
pub(super) fn on_record<S>(id: &Id, values: &Record<'_>, context: &Context<'_, S>)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(span) = context.span(id) else {
        return;
    };
    Scratch::with(|scratch| {
        values.record(&mut scratch.span_visitor());
        if scratch.fields.is_empty() {
            return;
        }
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<SpanFields>() {
            Some(SpanFields(fields)) => fields.set_all(&scratch.fields),
            None => {
                extensions.replace(SpanFields(scratch.fields.to_compact()));
            }
        }
    });
}
