//! `Members`: the members of a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::member::Member;
use crate::alerts::labels::Labels;
use crate::alerts::redacted;

/// The members of a rule in the order of their labels. A map by labels would keep them twice: each takes half a kilobyte or more.
#[derive(Debug, Clone, Default)]
#[expect(clippy::vec_box, reason = "an insertion moves the others")]
pub(super) struct Members {
    list: Vec<Box<Member>>,
    /// Whether labels may lack their secrets, because they were saved.
    is_sealed: bool,
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.list.iter().map(|member| &**member)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.list.iter_mut().map(|member| &mut **member)
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(&mut Member) -> bool) {
        self.list.retain_mut(|member| stays(member));
    }

    /// Members that were saved get the secrets of their labels back from the results of an evaluation.
    pub(super) fn unseal<'a>(&mut self, results: impl Iterator<Item = &'a Labels>) {
        if !self.is_sealed {
            return;
        }
        let mut opened = Vec::new();
        for given in results {
            let mut labels = given.clone();
            if labels.contains_key("alertname") {
                labels.remove("alertname");
            }
            let index = redacted::sealed_labels(&labels).and_then(|it| self.position(&it).ok());
            opened.extend(index.map(|index| (index, labels)));
        }
        for (index, labels) in opened {
            self.list[index].set_labels(labels);
        }
        self.list
            .sort_by(|one, other| one.alert.labels.cmp(&other.alert.labels));
        self.is_sealed = self.list.iter().any(|member| member.is_sealed());
    }

    fn position(&self, labels: &Labels) -> Result<usize, usize> {
        self.list
            .binary_search_by(|member| member.alert.labels.cmp(labels))
    }

    /// The member with these labels, if there is one.
    pub(super) fn get(&self, labels: &Labels) -> Option<&Member> {
        let index = self.position(labels).ok()?;
        Some(&self.list[index])
    }

    /// The member with these labels. A new one is made.
    pub(super) fn find_or_insert(
        &mut self,
        labels: Labels,
        make: impl FnOnce(Labels) -> Member,
    ) -> &mut Member {
        let index = match self.position(&labels) {
            Ok(index) => index,
            Err(index) => {
                self.list.insert(index, Box::new(make(labels)));
                index
            }
        };
        &mut self.list[index]
    }
}

/// As pairs of labels and members, without secrets.
impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|member| {
            let member = member.sealed();
            (member.alert.labels.clone(), member)
        }))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<(Labels, Member)>::deserialize(deserializer)?;
        let sorted: BTreeMap<_, _> = list.into_iter().collect();
        let members = sorted.into_iter().map(|(labels, mut member)| {
            member.set_labels(labels);
            Box::new(member)
        });
        let list: Vec<_> = members.collect();
        let is_sealed = list.iter().any(|member| member.is_sealed());
        Ok(Self { list, is_sealed })
    }
}
