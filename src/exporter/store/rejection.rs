//! `Rejection`: the reason why an instrument gets no series.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::stored_family::StoredFamily;
use crate::catalog::Kind;

/// The reason why an instrument gets no series.
pub(super) enum Rejection {
    Kind(Kind),
    Clash(String),
    TooManyFamilies,
}

/// Returns the family that has samples of the same name.
pub(super) fn clash(
    families: &BTreeMap<Box<str>, Arc<StoredFamily>>,
    name: &str,
    instrument: Kind,
) -> Option<String> {
    let suffixes = ["_bucket", "_sum", "_count"];
    if instrument == Kind::Histogram {
        let mut own = suffixes.iter().map(|suffix| [name, suffix].concat());
        if let Some(other) = own.find(|own| families.contains_key(&**own)) {
            return Some(other);
        }
    }
    let mut bases = suffixes
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix));
    let is_histogram = |base: &&str| {
        let family = families.get(*base);
        family.is_some_and(|family| family.info.kind() == Kind::Histogram)
    };
    bases.find(is_histogram).map(str::to_owned)
}
