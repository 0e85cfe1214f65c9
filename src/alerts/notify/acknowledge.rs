//! Acknowledgements are told at once.

use std::collections::BTreeMap;

use super::known::Known;
use super::policy::Policy;
use super::receiver::Receiver;
use super::round::Round;
use super::send::News;
use crate::alerts::channels::NotificationReason;
use crate::alerts::state::AlertId;

impl Receiver {
    /// Tells at once that people acknowledged alerts which the receiver saw firing.
    pub(super) fn tell_acknowledged(
        &mut self,
        policy: &Policy,
        known: &mut BTreeMap<AlertId, Known>,
        round: &mut Round<'_>,
    ) {
        if !policy.takes_acknowledgements {
            return;
        }
        let mut by_group: BTreeMap<String, Vec<AlertId>> = BTreeMap::new();
        for (id, member) in &self.members {
            let known = known.get(id).filter(|known| known.is_firing);
            let act = known.and_then(|known| known.acknowledged.as_ref());
            if member.is_shown
                && member.held.is_none()
                && act.is_some_and(|act| member.acknowledged_at != Some(act.at))
            {
                let group = by_group.entry(member.group.as_str().to_owned());
                group.or_default().push(*id);
            }
        }
        for (group_key, firing) in by_group {
            let group = self.groups.get(&*group_key);
            let news = News {
                reason: NotificationReason::Acknowledged,
                group_labels: group.map(|group| group.labels.clone()).unwrap_or_default(),
                group_key,
                firing,
                resolved: Vec::new(),
                others: Vec::new(),
            };
            self.send(news, policy, known, round);
        }
    }
}
