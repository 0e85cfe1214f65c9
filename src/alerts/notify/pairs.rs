//! `Pairs`: annotations in little memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alerts::redacted;

/// Redacted annotations, sorted by name. A `BTreeMap` takes half a kilobyte for one pair.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub(super) struct Pairs(Box<[(Box<str>, Box<str>)]>);

impl Pairs {
    pub(super) fn redacted(pairs: &BTreeMap<String, String>) -> Self {
        redacted::map(pairs).into()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    pub(super) fn to_map(&self) -> BTreeMap<String, String> {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.iter().map(owned).collect()
    }
}

impl From<BTreeMap<String, String>> for Pairs {
    fn from(map: BTreeMap<String, String>) -> Self {
        let pairs = map.into_iter();
        Self(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl From<Pairs> for BTreeMap<String, String> {
    fn from(pairs: Pairs) -> Self {
        pairs.to_map()
    }
}
