//! `LabelValues`: the values of a label, declared or learned up to a cap.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use metrics::SharedString;
use parking_lot::RwLock;

use super::labels::OTHER;
use super::naming::Name;

/// Learned values are kept, and clients may send them, so longer ones count as `other`.
const MAX_LENGTH: usize = 128;

/// The values of a label. Each has an index; the last index stands for all other values.
#[derive(Clone)]
pub(crate) enum LabelValues {
    Declared(Arc<[Name]>),
    /// Declared values. A request with another one has no such label.
    DeclaredOrAbsent(Arc<[Name]>),
    Learned(Arc<Learned>),
    /// Learned values. A request for which none was picked has no such label.
    LearnedOrAbsent(Arc<Learned>),
}

impl LabelValues {
    pub(crate) fn at_most(max: usize) -> Self {
        Self::Learned(Learned::at_most(max))
    }

    pub(crate) fn at_most_or_absent(max: usize) -> Self {
        Self::LearnedOrAbsent(Learned::at_most(max))
    }

    /// The number of values, including the one for all others and the one for none.
    pub(crate) fn count(&self) -> usize {
        self.absent_index().saturating_add(1)
    }

    /// The index if no value was picked.
    pub(crate) fn absent_index(&self) -> usize {
        match self {
            Self::LearnedOrAbsent(learned) => learned.max + 1,
            _ => self.other_index(),
        }
    }

    pub(crate) fn other_index(&self) -> usize {
        match self {
            Self::Declared(values) | Self::DeclaredOrAbsent(values) => values.len(),
            Self::Learned(learned) | Self::LearnedOrAbsent(learned) => learned.max,
        }
    }

    pub(crate) fn is_learned(&self) -> bool {
        matches!(self, Self::Learned(_) | Self::LearnedOrAbsent(_))
    }

    pub(crate) fn index(&self, picked: &str) -> usize {
        let index = match self {
            Self::Declared(values) | Self::DeclaredOrAbsent(values) => {
                values.iter().position(|value| value == picked)
            }
            Self::Learned(learned) | Self::LearnedOrAbsent(learned) => learned.index(picked),
        };
        index.unwrap_or(self.other_index())
    }

    /// The value at an index, or `None` if the label is absent.
    pub(crate) fn value(&self, index: usize) -> Option<SharedString> {
        let known = match self {
            Self::Declared(values) => values.get(index).cloned().map(SharedString::from),
            Self::DeclaredOrAbsent(values) => return Some(values.get(index)?.clone().into()),
            Self::LearnedOrAbsent(learned) if index > learned.max => return None,
            Self::Learned(learned) | Self::LearnedOrAbsent(learned) => learned.value(index),
        };
        Some(known.unwrap_or(Cow::Borrowed(OTHER).into()))
    }
}

impl std::fmt::Debug for LabelValues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Declared(values) | Self::DeclaredOrAbsent(values) => values.fmt(f),
            Self::Learned(learned) | Self::LearnedOrAbsent(learned) => {
                write!(f, "at most {}", learned.max)
            }
        }
    }
}

/// The first values that were picked, in this order.
pub(crate) struct Learned {
    max: usize,
    values: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    indexes: HashMap<Arc<str>, usize>,
    values: Vec<Arc<str>>,
}

impl Learned {
    fn at_most(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            values: RwLock::default(),
        })
    }

    fn index(&self, picked: &str) -> Option<usize> {
        if picked.is_empty() || picked.len() > MAX_LENGTH {
            return None;
        }
        {
            let known = self.values.read();
            if let Some(index) = known.indexes.get(picked) {
                return Some(*index);
            }
            // Values are never removed, so a full set needs no exclusive lock.
            if known.values.len() >= self.max {
                return None;
            }
        }
        let mut known = self.values.write();
        if let Some(index) = known.indexes.get(picked) {
            return Some(*index);
        }
        let index = known.values.len();
        (index < self.max).then(|| {
            let value: Arc<str> = picked.into();
            known.indexes.insert(Arc::clone(&value), index);
            known.values.push(value);
            index
        })
    }

    fn value(&self, index: usize) -> Option<SharedString> {
        let known = self.values.read();
        known
            .values
            .get(index)
            .cloned()
            .map(SharedString::from_shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undeclared_value_is_other_or_absent() {
        let values: Arc<[Name]> = ["free".into(), "paid".into()].into();
        let picked = |values: &LabelValues, picked| values.value(values.index(picked));
        let declared = LabelValues::Declared(Arc::clone(&values));
        assert_eq!(picked(&declared, "paid").as_deref(), Some("paid"));
        assert_eq!(picked(&declared, "gold").as_deref(), Some("other"));
        let absent = LabelValues::DeclaredOrAbsent(values);
        assert_eq!(picked(&absent, "free").as_deref(), Some("free"));
        assert_eq!(picked(&absent, "gold"), None);
        assert_eq!((declared.count(), absent.count()), (3, 3));
    }

    #[test]
    fn the_first_values_are_learned_and_later_empty_and_long_ones_are_other() {
        let values = LabelValues::at_most(2);
        let long = "x".repeat(MAX_LENGTH + 1);
        let picked = ["", &long, "a", "b", "c", "a", "b"].map(|text| {
            let value = values.value(values.index(text));
            value.map(|value| value.to_string()).unwrap()
        });
        assert_eq!(picked, ["other", "other", "a", "b", "other", "a", "b"]);
        assert_eq!(values.count(), 3);
    }
}
