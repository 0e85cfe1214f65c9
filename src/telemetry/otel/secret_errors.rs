//! Errors that are the values of fields with secret names.

use std::iter;

use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

use super::secret_names::{is_masked, names_secret};
use crate::redact::MASK;

// The attributes that tracing-opentelemetry adds for an error, to its event and to the span of that, in this order.
const MESSAGE: &str = "exception.message";
const SOURCES: &str = "exception.stacktrace";

/// Masks the copies of such an error, which do not tell the name of the field.
pub(super) fn redact_errors(span: &mut SpanData) {
    let events = span.events.iter().map(|event| &event.attributes);
    let lists = iter::once(&span.attributes).chain(events);
    let mut has_errors = false;
    let mut secrets: Vec<Value> = Vec::new();
    for list in lists {
        has_errors |= list.iter().any(|it| it.key.as_str() == MESSAGE);
        let names_secret = names_secret(list);
        let masked = list
            .iter()
            .filter(|it| is_masked(it.key.as_str(), names_secret));
        secrets.extend(masked.map(|it| it.value.clone()));
    }
    if has_errors && !secrets.is_empty() {
        mask(&mut span.attributes, &secrets);
        for event in &mut span.events.events {
            mask(&mut event.attributes, &secrets);
        }
    }
}

fn mask(attributes: &mut [KeyValue], secrets: &[Value]) {
    let mut is_secret = false;
    for KeyValue { key, value, .. } in attributes {
        match key.as_str() {
            MESSAGE => {
                is_secret = secrets.contains(value);
                if is_secret {
                    *value = MASK.into();
                }
            }
            SOURCES if is_secret => *value = MASK.into(),
            _ => {}
        }
    }
}
