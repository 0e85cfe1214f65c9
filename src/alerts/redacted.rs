//! Labels and texts without secrets, for all that people see.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::labels::Labels;
use crate::redact::{MASK, is_secret, redact};

/// A label or an annotation: one with the name of a secret shows no value.
pub(super) fn value(name: &str, value: &str) -> String {
    if is_secret(name) {
        MASK.to_owned()
    } else {
        redact(value).into_owned()
    }
}

/// Labels without secrets share the memory of the given ones.
pub(super) fn labels(labels: &Labels) -> Labels {
    let is_plain = |text| matches!(redact(text), Cow::Borrowed(_));
    let mut pairs = labels.iter();
    if pairs.all(|(name, value)| !is_secret(name) && is_plain(name) && is_plain(value)) {
        return labels.clone();
    }
    pairs_of(labels).collect()
}

/// Annotations without secrets.
pub(super) fn map(map: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    pairs_of(map).collect()
}

fn pairs_of<'a>(
    pairs: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> impl Iterator<Item = (String, String)> {
    let pairs = pairs.into_iter();
    pairs.map(|(name, text)| (redact(name).into_owned(), value(name, text)))
}

pub(super) fn text(text: &str) -> String {
    redact(text).into_owned()
}

pub(super) fn note(note: Option<&String>) -> Option<String> {
    note.map(|note| text(note))
}
