//! `Members`: the members of a rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::member::Member;
use crate::alerts::labels::Labels;

/// The members of a rule in the order of their labels. A map by labels would keep them twice: each takes half a kilobyte or more.
#[derive(Debug, Clone, Default)]
#[expect(clippy::vec_box, reason = "an insertion moves the others")]
pub(super) struct Members(Vec<Box<Member>>);

impl Members {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.0.iter().map(|member| &**member)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.0.iter_mut().map(|member| &mut **member)
    }

    pub(super) fn retain(&mut self, mut stays: impl FnMut(&mut Member) -> bool) {
        self.0.retain_mut(|member| stays(member));
    }

    /// The member with these labels. A new one is made.
    pub(super) fn find_or_insert(
        &mut self,
        labels: Labels,
        make: impl FnOnce(Labels) -> Member,
    ) -> &mut Member {
        let found = (self.0).binary_search_by(|member| member.alert.labels.cmp(&labels));
        let index = match found {
            Ok(index) => index,
            Err(index) => {
                self.0.insert(index, Box::new(make(labels)));
                index
            }
        };
        &mut self.0[index]
    }
}

/// As pairs of labels and members.
impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|member| (&member.alert.labels, member)))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Vec::<(Labels, Member)>::deserialize(deserializer)?;
        let sorted: BTreeMap<_, _> = list.into_iter().collect();
        let members = sorted.into_iter().map(|(labels, mut member)| {
            member.alert.labels = labels;
            Box::new(member)
        });
        Ok(Self(members.collect()))
    }
}
