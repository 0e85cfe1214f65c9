//! The sizes of spans, and the limits of their texts.

use std::borrow::Cow;

use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;

use super::limits::MAX_WAITING_VALUE;
use crate::redact::start_of;

/// The bytes of a value that is no text, and of what surrounds it.
const FIXED: usize = 64;

/// Cuts long texts, and returns about how many bytes of memory the span takes. Both are fast, because this runs where the span ends.
pub(super) fn cut(span: &mut SpanData) -> usize {
    let mut size = 4 * FIXED + cut_name(&mut span.name) + cut_attributes(&mut span.attributes);
    for event in &mut span.events.events {
        size += FIXED + cut_name(&mut event.name) + cut_attributes(&mut event.attributes);
    }
    for link in &mut span.links.links {
        size += FIXED + cut_attributes(&mut link.attributes);
    }
    if let Status::Error { description } = &mut span.status {
        size += cut_name(description);
    }
    size
}

fn cut_attributes(attributes: &mut [KeyValue]) -> usize {
    let sizes = attributes
        .iter_mut()
        .map(|it| FIXED + it.key.as_str().len() + cut_value(&mut it.value));
    sizes.sum()
}

fn cut_value(value: &mut Value) -> usize {
    match value {
        Value::String(text) => cut_text(text),
        Value::Array(Array::String(texts)) => {
            texts.iter_mut().map(|text| FIXED + cut_text(text)).sum()
        }
        Value::Array(Array::Bool(values)) => values.len(),
        Value::Array(Array::I64(values)) => size_of_val(&**values),
        Value::Array(Array::F64(values)) => size_of_val(&**values),
        _ => 0,
    }
}

fn cut_name(name: &mut Cow<'static, str>) -> usize {
    if name.len() > MAX_WAITING_VALUE {
        *name = start_of(name, MAX_WAITING_VALUE).to_owned().into();
    }
    name.len()
}

fn cut_text(text: &mut StringValue) -> usize {
    if text.as_str().len() > MAX_WAITING_VALUE {
        *text = start_of(text.as_str(), MAX_WAITING_VALUE).to_owned().into();
    }
    text.as_str().len()
}
