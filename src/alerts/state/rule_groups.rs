//! `RuleGroups`: the alerts of all rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::group::Group;

/// The alerts of all rules by the rules' names. Rules are evaluated in the same order again and again, so each one remembers which
/// came next: a look-up in a map of 1,000 rules takes longer than the rest of a quiet rule's step.
#[derive(Debug, Clone, Default)]
#[expect(clippy::vec_box, reason = "an insertion moves the others")]
pub(super) struct RuleGroups {
    /// By name.
    entries: Vec<Box<Entry>>,
    /// The index that was looked up last.
    last: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    group: Group,
    /// The index that was looked up after this one.
    next: usize,
}

impl RuleGroups {
    /// The alerts of a rule, which is made if it is new.
    pub(super) fn find_or_insert(&mut self, name: &str) -> &mut Group {
        let last = self.entries.get(self.last);
        let guess = last.map_or(0, |last| last.next);
        let is_right = self.entries.get(guess).is_some_and(|it| it.name == name);
        let index = if is_right { guess } else { self.search(name) };
        self.last = index;
        &mut self.entries[index].group
    }

    fn search(&mut self, name: &str) -> usize {
        let index = self.position(name).unwrap_or_else(|index| {
            let (name, group) = (name.to_owned(), Group::named(name));
            let entry = Entry {
                name,
                group,
                next: index + 1,
            };
            self.entries.insert(index, Box::new(entry));
            index
        });
        if let Some(last) = self.entries.get_mut(self.last) {
            last.next = index;
        }
        index
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|entry| (*entry.name).cmp(name))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Group> {
        let index = self.position(name).ok()?;
        Some(&self.entries[index].group)
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Group> {
        let index = self.position(name).ok()?;
        Some(self.entries.remove(index).group)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.entries.iter().map(|entry| &entry.group)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Group> {
        self.entries.iter_mut().map(|entry| &mut entry.group)
    }
}

impl Serialize for RuleGroups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.names().zip(self.iter()))
    }
}

impl<'de> Deserialize<'de> for RuleGroups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let by_name = BTreeMap::<String, Group>::deserialize(deserializer)?;
        let entries = by_name.into_iter().enumerate();
        let entries = entries.map(|(index, (name, mut group))| {
            group.name.clone_from(&name);
            Box::new(Entry {
                name,
                group,
                next: index + 1,
            })
        });
        Ok(Self {
            entries: entries.collect(),
            last: 0,
        })
    }
}
