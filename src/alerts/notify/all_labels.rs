//! `AllLabels`: the labels of an alert and of its rule.

use std::cmp::Ordering;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alerts::labels::Labels;

/// The labels of the alert and of its rule, with `alertname`, and with `severity` unless there is such a label. The alert's own share
/// their memory with the state, and the others with those of the rule's other alerts.
#[derive(Debug, Clone, Default)]
pub(super) struct AllLabels {
    own: Labels,
    /// These take the place of own labels of the same names.
    added: Labels,
}

impl AllLabels {
    pub(super) fn new(own: Labels, added: Labels) -> Self {
        Self { own, added }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.added.get(name).or_else(|| self.own.get(name));
        value.map(|value| &**value)
    }

    /// The labels by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let (mut own, mut added) = (self.own.iter().peekable(), self.added.iter().peekable());
        std::iter::from_fn(move || {
            let order = match (own.peek(), added.peek()) {
                (Some((own, _)), Some((added, _))) => own.cmp(added),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if order.is_eq() {
                own.next();
            }
            let next = if order.is_lt() {
                own.next()
            } else {
                added.next()
            };
            next.map(|(name, value)| (&**name, &**value))
        })
    }

    pub(super) fn to_labels(&self) -> Labels {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        self.iter().map(owned).collect()
    }
}

impl PartialEq for AllLabels {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for AllLabels {}

impl PartialOrd for AllLabels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AllLabels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl Serialize for AllLabels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for AllLabels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            own: Labels::deserialize(deserializer)?,
            added: Labels::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn added_labels_take_the_place_of_own_ones_and_all_are_sorted() {
        let all = AllLabels {
            own: labels(&[("b", "own"), ("c", "own"), ("e", "own")]),
            added: labels(&[("a", "added"), ("c", "added"), ("d", "added")]),
        };
        let expected = [
            ("a", "added"),
            ("b", "own"),
            ("c", "added"),
            ("d", "added"),
            ("e", "own"),
        ];
        assert!(all.iter().eq(expected));
        assert_eq!((all.get("c"), all.get("f")), (Some("added"), None));
        // After a restart they are together.
        let text = serde_json::to_string(&all).unwrap();
        let read: AllLabels = serde_json::from_str(&text).unwrap();
        assert_eq!(read, all);
        assert!(read.added.is_empty());
    }
}
