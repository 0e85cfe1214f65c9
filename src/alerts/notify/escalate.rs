//! Alerts that nobody acknowledges in time are told to another channel.

use std::collections::BTreeMap;

use super::notifier::Notifier;
use super::notifier_state::NotifierState;
use super::round::Round;
use super::send::News;
use crate::alerts::channels::NotificationReason;
use crate::alerts::state::AlertId;
use crate::time::later;

impl Notifier {
    pub(super) fn escalate(&mut self, round: &mut Round<'_>) {
        for index in 0..self.policies.len() {
            let Some(to) = self.target(index) else {
                continue;
            };
            let due = self.escalated(index, round);
            if !due.is_empty() {
                self.escalate_to(to, &due, round);
            }
        }
    }

    fn target(&self, index: usize) -> Option<usize> {
        let escalation = self.policies[index].escalation.as_ref()?;
        let mut policies = self.policies.iter();
        policies.position(|policy| policy.name == escalation.to)
    }

    /// The alerts of a channel whose escalation is due now.
    fn escalated(&mut self, index: usize, round: &Round<'_>) -> Vec<AlertId> {
        let policy = &self.policies[index];
        let known = &self.state.known;
        let receiver = self.state.receivers.get_mut(&policy.name);
        let members = receiver
            .into_iter()
            .flat_map(|receiver| &mut receiver.members);
        let due = members.filter_map(|(id, member)| {
            let known = known.get(id)?;
            let at = member.escalates_at(known, policy, index)?;
            (at <= round.now && !known.is_muted).then(|| {
                member.has_escalated = true;
                *id
            })
        });
        due.collect()
    }

    fn escalate_to(&mut self, to: usize, alerts: &[AlertId], round: &mut Round<'_>) {
        let policy = &self.policies[to];
        let NotifierState {
            known, receivers, ..
        } = &mut self.state;
        let Some(receiver) = receivers.get_mut(&policy.name) else {
            return;
        };
        let now = round.now;
        let due = later(now, policy.group_interval);
        let mut by_group = BTreeMap::new();
        for id in alerts {
            let Some(known) = known.get(id) else {
                continue;
            };
            let group = receiver.join(*id, known, policy, due, None);
            group.last = Some(now);
            let labels = group.labels.clone();
            if let Some(member) = receiver.members.get_mut(id) {
                member.is_guest = true;
                let group = by_group.entry(member.group.as_str().to_owned());
                let (_, members) = group.or_insert((labels, Vec::new()));
                members.push(*id);
            }
        }
        for (group_key, (group_labels, firing)) in by_group {
            let news = News {
                reason: NotificationReason::Escalation,
                group_key,
                group_labels,
                firing,
                resolved: Vec::new(),
                others: Vec::new(),
            };
            receiver.send(news, policy, known, round);
        }
    }
}
