//! Masks the secrets in spans before they leave the process, and cuts long texts.

use std::borrow::Cow;

use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;

use super::limits::MAX_VALUE;
use crate::redact::{
    MASK, is_count, is_pair_name, is_pair_value, is_secret, is_secret_name, redact_to,
};

/// Numbers with fewer digits are no registered secrets.
const MIN_SECRET: usize = 6;

/// Masks the secrets in names, attributes, events, links and descriptions, and cuts these to their limit. Runs in the exporter's thread, because it takes
/// longer than the span itself.
pub(super) fn redact_spans(spans: &mut [SpanData]) {
    for span in spans {
        redact_name(&mut span.name);
        redact_attributes(&mut span.attributes);
        for event in &mut span.events.events {
            redact_name(&mut event.name);
            redact_attributes(&mut event.attributes);
        }
        for link in &mut span.links.links {
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

/// Masks secrets by their names and by their looks. A number can be one, but truth cannot.
fn redact_attributes(attributes: &mut [KeyValue]) {
    let names_secret = attributes.iter().any(|it| match &it.value {
        Value::String(text) => is_pair_name(it.key.as_str()) && is_secret_name(text.as_str()),
        _ => false,
    });
    for KeyValue { key, value, .. } in attributes {
        let key = key.as_str();
        let is_value = names_secret && is_pair_value(key);
        match value {
            Value::String(text) => redact_text(text, is_value || is_secret(key)),
            Value::Array(Array::String(texts)) => {
                let is_secret = is_value || is_secret(key);
                for text in texts {
                    redact_text(text, is_secret);
                }
            }
            Value::Bool(_) | Value::Array(Array::Bool(_)) => {}
            _ if is_value || is_secret(key) && !is_count(key) || is_registered(value) => {
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
