//! Masks the secrets in spans before they leave the process.

use std::borrow::Cow;

use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;

use crate::redact::{MASK, is_secret, redact};

/// Masks the secrets in names, attributes, events, links and descriptions. Runs in the exporter's thread, because it takes
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

fn redact_attributes(attributes: &mut [KeyValue]) {
    for KeyValue { key, value, .. } in attributes {
        let is_secret = is_secret(key.as_str());
        match value {
            Value::String(text) => redact_text(text, is_secret),
            Value::Array(Array::String(texts)) => {
                for text in texts {
                    redact_text(text, is_secret);
                }
            }
            _ => {}
        }
    }
}

fn redact_text(text: &mut StringValue, is_secret: bool) {
    if is_secret {
        *text = MASK.into();
    } else if let Some(masked) = masked(text.as_str()) {
        *text = masked.into();
    }
}

fn masked(text: &str) -> Option<String> {
    match redact(text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(masked) => Some(masked),
    }
}
