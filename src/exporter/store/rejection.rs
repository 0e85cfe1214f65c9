//! `Rejection`: the reason why an instrument gets no series.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::stored_family::StoredFamily;
use crate::catalog::Kind;

/// A name that is not in the catalogue takes a place. A service that makes names of user input must not fill the memory.
pub(super) const MAX_FAMILIES: usize = 10_000;

/// The reason why an instrument gets no series.
pub(super) enum Rejection {
    Kind(Kind),
    Clash(String),
    TooManyFamilies,
}

impl Rejection {
    /// Logs it once for each metric: the caller counts.
    pub(super) fn warn(&self, instrument: Kind, metric: &str) {
        let kind = instrument.as_str();
        match self {
            Self::Kind(own) => tracing::warn!(
                metric,
                "metric is a {own}: a {kind} of this name is not recorded, because Prometheus would refuse the whole scrape",
                own = own.as_str()
            ),
            Self::Clash(other) => tracing::warn!(
                metric,
                other,
                "{kind} is not recorded: its samples would have the same names as those of `other`"
            ),
            Self::TooManyFamilies => tracing::warn!(
                max = MAX_FAMILIES,
                "metric names are made of changing values: further names are not recorded"
            ),
        }
    }
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
