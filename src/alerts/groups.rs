//! `Groups`: values gathered by labels.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::exporter::Labels;

/// A value of each group. A group is the values of the labels to group by, in their order, so no text is copied.
pub(super) struct Groups<'a, T> {
    by: &'a [String],
    all: BTreeMap<Vec<&'a str>, T>,
}

impl<'a, T> Groups<'a, T> {
    pub(super) fn new(by: &'a [String]) -> Self {
        let all = BTreeMap::new();
        Self { by, all }
    }

    /// The entry of the group that a series is in. As in `PromQL`, a series without a label has the empty value.
    pub(super) fn entry(&mut self, labels: &'a Labels) -> Entry<'_, Vec<&'a str>, T> {
        let value = |label| labels.get(label).unwrap_or_default();
        let group = self.by.iter().map(|label| value(label)).collect();
        self.all.entry(group)
    }

    pub(super) fn remove(&mut self, group: &[&'a str]) -> Option<T> {
        self.all.remove(group)
    }

    pub(super) fn map<U>(self, mut value: impl FnMut(&[&'a str], T) -> U) -> Groups<'a, U> {
        let all = self.all.into_iter().map(|(group, own)| {
            let value = value(&group, own);
            (group, value)
        });
        Groups {
            by: self.by,
            all: all.collect(),
        }
    }

    /// The groups with their labels. As in `PromQL`, a group lacks a label that is empty.
    pub(super) fn into_labels(
        self,
    ) -> impl Iterator<Item = (BTreeMap<String, String>, T)> + use<'a, T> {
        let by = self.by;
        self.all.into_iter().map(move |(group, value)| {
            let labels = by.iter().zip(group).filter(|(_, value)| !value.is_empty());
            let labels = labels.map(|(label, value)| (label.clone(), value.to_owned()));
            (labels.collect(), value)
        })
    }
}
