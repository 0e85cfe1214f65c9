//! Masks the secrets in spans before they leave the process, and cuts long texts.

use std::borrow::Cow;

use opentelemetry::trace::{SpanContext, Status, TraceState};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;

use super::limits::MAX_VALUE;
use super::secret_names::{is_masked, names_secret};
use crate::redact::{MASK, is_count, redact_to};

/// Numbers with fewer digits are no registered secrets.
const MIN_SECRET: usize = 6;

/// Masks the secrets in names, attributes, events, links and descriptions, and cuts these to their limit. Runs in the exporter's thread, because it takes
/// longer than the span itself.
pub(super) fn redact_spans(spans: &mut [SpanData]) {
    for span in spans {
        redact_name(&mut span.name);
        redact_state(&mut span.span_context);
        redact_attributes(&mut span.attributes);
        for event in &mut span.events.events {
            redact_name(&mut event.name);
            redact_attributes(&mut event.attributes);
        }
        for link in &mut span.links.links {
            redact_state(&mut link.span_context);
            redact_attributes(&mut link.attributes);
        }
        if let Status::Error { description } = &mut span.status {
            redact_name(description);
        }
    }
}

fn redact_name(name: &mut Cow<'static, str>) {
    if let Some(masked) = masked(name) {
        *name = masked.into();
    }
}

/// Masks values of `tracestate`, which comes from the caller. Requests that the service sends keep them.
fn redact_state(context: &mut SpanContext) {
    if *context.trace_state() == TraceState::NONE {
        return;
    }
    let header = context.trace_state().header();
    let mut is_changed = false;
    let members = header.split(',').filter_map(|member| {
        let (key, value) = member.split_once('=')?;
        let is_secret = masked(member).is_some();
        is_changed |= is_secret;
        Some((key, if is_secret { MASK } else { value }))
    });
    let state = TraceState::from_key_value(members.collect::<Vec<_>>());
    if is_changed {
        *context = SpanContext::new(
            context.trace_id(),
            context.span_id(),
            context.trace_flags(),
            context.is_remote(),
            state.unwrap_or_default(),
        );
    }
}

/// Masks secrets by their names and by their looks. A number can be one, but truth cannot.
fn redact_attributes(attributes: &mut [KeyValue]) {
    let names_secret = names_secret(attributes);
    for KeyValue { key, value, .. } in attributes {
        let key = key.as_str();
        let is_masked = is_masked(key, names_secret);
        match value {
            Value::String(text) => redact_text(text, is_masked),
            Value::Array(Array::String(texts)) => {
                for text in texts {
                    redact_text(text, is_masked);
                }
            }
            Value::Bool(_) | Value::Array(Array::Bool(_)) => {}
            _ if is_masked && !is_count(key) || is_registered(value) => {
                *value = MASK.into();
            }
            _ => {}
        }
    }
}

/// Whether the value is a number that the service registered as a secret.
fn is_registered(value: &Value) -> bool {
    let text = value.as_str();
    text.len() >= MIN_SECRET && masked(&text).is_some()
}

fn redact_text(text: &mut StringValue, is_secret: bool) {
    if is_secret {
        *text = MASK.into();
    } else if let Some(masked) = masked(text.as_str()) {
        *text = masked.into();
    }
}

/// The text without secrets and within its limit, unless it is so already.
fn masked(text: &str) -> Option<String> {
    match redact_to(text, MAX_VALUE) {
        Cow::Borrowed(same) if same.len() == text.len() => None,
        masked => Some(masked.into_owned()),
    }
}
