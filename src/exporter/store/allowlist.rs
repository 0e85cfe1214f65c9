//! `Allowlist`: the label values that the catalogue declares for a family.

use std::collections::HashSet;

use parking_lot::RwLock;

use crate::catalog::{Family, Values};

/// Restricts labels to their declared values. All others are recorded as `other`.
#[derive(Default)]
pub(super) struct Allowlist(Vec<Bounded>);

struct Bounded {
    label: &'static str,
    values: Allowed,
}

enum Allowed {
    Closed(&'static [&'static str]),
    /// The first values that were recorded, up to this number.
    First(usize, RwLock<HashSet<String>>),
}

impl Allowed {
    fn allows(&self, value: &str) -> bool {
        match self {
            Self::Closed(values) => values.contains(&value),
            Self::First(most, seen) => {
                {
                    let seen = seen.read();
                    if seen.contains(value) {
                        return true;
                    }
                    if seen.len() >= *most {
                        return false;
                    }
                }
                let mut seen = seen.write();
                seen.contains(value) || seen.len() < *most && seen.insert(value.to_owned())
            }
        }
    }
}

impl Allowlist {
    pub(super) fn of(family: &Family) -> Self {
        let values = family.values.iter();
        let bounded = values.map(|(label, values)| Bounded {
            label,
            values: match *values {
                Values::Closed(values) => Allowed::Closed(values),
                Values::AtMost(most) => Allowed::First(most, RwLock::default()),
            },
        });
        Self(bounded.collect())
    }

    /// Whether the label may have the value.
    pub(super) fn allows(&self, label: &str, value: &str) -> bool {
        let bounded = self.0.iter().find(|bounded| bounded.label == label);
        bounded.is_none_or(|bounded| bounded.values.allows(value))
    }
}
