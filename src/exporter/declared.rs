//! Restricts labels to the values that the catalogue declares for them.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, Recorder, SharedString, Unit,
};

use crate::catalog::{Family, Values};

/// Replaces values that are not declared.
const OTHER: &str = "other";

/// Registers `other` in place of label values that are not declared.
#[derive(Debug)]
pub(super) struct Declared<R> {
    families: HashMap<&'static str, Vec<Bounded>>,
    inner: R,
}

#[derive(Debug)]
struct Bounded {
    label: &'static str,
    values: Allowed,
}

#[derive(Debug)]
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
                    let seen = seen.read().unwrap_or_else(PoisonError::into_inner);
                    if seen.contains(value) {
                        return true;
                    }
                    if seen.len() >= *most {
                        return false;
                    }
                }
                let mut seen = seen.write().unwrap_or_else(PoisonError::into_inner);
                seen.contains(value) || seen.len() < *most && seen.insert(value.to_owned())
            }
        }
    }
}

impl<R> Declared<R> {
    pub(super) fn new(families: &[Family], inner: R) -> Self {
        let bounded = families.iter().filter(|family| !family.values.is_empty());
        let bounds = |(label, values): &(&'static str, Values)| Bounded {
            label,
            values: match *values {
                Values::Closed(values) => Allowed::Closed(values),
                Values::AtMost(most) => Allowed::First(most, RwLock::default()),
            },
        };
        Self {
            families: bounded
                .map(|family| (family.name, family.values.iter().map(bounds).collect()))
                .collect(),
            inner,
        }
    }

    /// Returns the key to register instead of `key`; `None` if `key` is allowed.
    fn replacement(&self, key: &Key) -> Option<Key> {
        let bounded = self.families.get(key.name())?;
        let is_allowed = |label: &Label| {
            let is_bounded = bounded.iter().find(|bounded| bounded.label == label.key());
            is_bounded.is_none_or(|bounded| bounded.values.allows(label.value()))
        };
        if key.labels().all(is_allowed) {
            return None;
        }
        let labels = key.labels().map(|label| {
            if is_allowed(label) {
                label.clone()
            } else {
                Label::new(label.key().to_owned(), OTHER)
            }
        });
        Some(Key::from_parts(
            key.name_shared().to_retained(),
            labels.collect::<Vec<_>>(),
        ))
    }
}

impl<R: Recorder> Recorder for Declared<R> {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_counter(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_gauge(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.inner.describe_histogram(name, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let other = self.replacement(key);
        self.inner
            .register_counter(other.as_ref().unwrap_or(key), metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        let other = self.replacement(key);
        self.inner
            .register_gauge(other.as_ref().unwrap_or(key), metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let other = self.replacement(key);
        self.inner
            .register_histogram(other.as_ref().unwrap_or(key), metadata)
    }
}
