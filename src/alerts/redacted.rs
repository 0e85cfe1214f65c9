//! Labels and texts without secrets, for all that people see.

use super::evaluated::Labels;
use crate::redact::{MASK, is_secret, redact};

/// A label or an annotation: one with the name of a secret shows no value.
pub(super) fn value(name: &str, value: &str) -> String {
    if is_secret(name) {
        MASK.to_owned()
    } else {
        redact(value).into_owned()
    }
}

pub(super) fn labels(labels: &Labels) -> Labels {
    let pairs = labels.iter();
    pairs
        .map(|(name, text)| (redact(name).into_owned(), value(name, text)))
        .collect()
}

pub(super) fn text(text: &str) -> String {
    redact(text).into_owned()
}

pub(super) fn note(note: Option<&String>) -> Option<String> {
    note.map(|note| text(note))
}
