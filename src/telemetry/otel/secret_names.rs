//! Whether the name of an attribute makes its value a secret.

use opentelemetry::{KeyValue, Value};

use crate::redact::{is_pair_name, is_pair_value, is_secret, is_secret_name};

/// Whether an attribute names a secret, whose value another one is.
pub(super) fn names_secret(attributes: &[KeyValue]) -> bool {
    attributes.iter().any(|it| match &it.value {
        Value::String(text) => is_pair_name(it.key.as_str()) && is_secret_name(text.as_str()),
        _ => false,
    })
}

/// Whether texts of this name are masked whatever they hold.
pub(super) fn is_masked(key: &str, names_secret: bool) -> bool {
    // The sources of an error.
    let key = key.strip_suffix(".chain").unwrap_or(key);
    names_secret && is_pair_value(key) || is_secret(key)
}
