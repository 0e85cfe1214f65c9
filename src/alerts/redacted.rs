//! Labels and texts without secrets, for people and for stores.
//!
//! A label that is saved or compared is sealed: a mark of the secret, which is too short to tell it, takes the place of the secret. So
//! alerts that differ in a secret stay apart, and a silence finds its alerts again after a restart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::labels::Labels;
use crate::redact::{MASK, is_secret, redact};

/// Between a masked value and the mark of its secret, which has 8 hexadecimal digits.
const SEAL: &str = " #";
const DIGITS: usize = 8;

/// A label or an annotation: one with the name of a secret shows no value.
pub(super) fn value(name: &str, value: &str) -> String {
    if is_secret(name) {
        MASK.to_owned()
    } else {
        redact(shown(value)).into_owned()
    }
}

/// A label's value with a mark in the place of its secret.
pub(super) fn sealed<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if is_sealed(value) {
        return value.into();
    }
    let masked = if is_secret(name) && !value.is_empty() {
        Cow::Borrowed(MASK)
    } else {
        match redact(value) {
            Cow::Borrowed(_) => return value.into(),
            masked @ Cow::Owned(_) => masked,
        }
    };
    format!("{masked}{SEAL}{:08x}", mark(value)).into()
}

/// Labels with marks in the place of secrets, or `None` if there are no secrets.
pub(super) fn sealed_labels(labels: &Labels) -> Option<Labels> {
    let is_open = |(name, value): (&String, &String)| matches!(sealed(name, value), Cow::Owned(_));
    if !labels.iter().any(is_open) {
        return None;
    }
    let seal = |(name, value): (&String, &String)| (name.clone(), sealed(name, value).into_owned());
    Some(labels.iter().map(seal).collect())
}

pub(super) fn is_sealed(value: &str) -> bool {
    shown(value).len() < value.len()
}

/// Whether two values of a label are the same, of which one is sealed.
pub(super) fn is_same(name: &str, one: &str, other: &str) -> bool {
    match (is_sealed(one), is_sealed(other)) {
        (true, false) => sealed(name, other) == one,
        (false, true) => sealed(name, one) == other,
        _ => one == other,
    }
}

/// Without the mark of a secret.
fn shown(value: &str) -> &str {
    let split = value.len().checked_sub(DIGITS);
    let split = split.and_then(|split| value.split_at_checked(split));
    let masked = split.and_then(|(masked, digits)| {
        let is_mark = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        masked.strip_suffix(SEAL).filter(|_| is_mark)
    });
    masked
        .filter(|masked| masked.contains(MASK))
        .unwrap_or(value)
}

/// Half of the bits that FNV-1a returns.
fn mark(secret: &str) -> u64 {
    let mix = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = secret.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
    (hash >> 32) ^ (hash & 0xffff_ffff)
}

/// Labels without secrets share the memory of the given ones.
pub(super) fn labels(labels: &Labels) -> Labels {
    let is_plain = |text| matches!(redact(text), Cow::Borrowed(_));
    let mut pairs = labels.iter();
    if pairs.all(|(name, value)| {
        !is_secret(name) && is_plain(name) && is_plain(value) && !is_sealed(value)
    }) {
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

/// A URL without credentials.
pub(super) fn link(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, server)) => text(&format!("{scheme}://{server}{path}")),
        None => text(url),
    }
}

pub(super) fn text(text: &str) -> String {
    redact(text).into_owned()
}

/// As [`text`], in place.
pub(super) fn mask(text: &mut String) {
    if let Cow::Owned(masked) = redact(text) {
        *text = masked;
    }
}

pub(super) fn note(note: Option<&String>) -> Option<String> {
    note.map(|note| text(note))
}
