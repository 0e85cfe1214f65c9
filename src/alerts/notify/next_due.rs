//! The time of the next tick that can matter.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::hold::Hold;
use super::known::Known;
use super::notifier::Notifier;
use super::policy::Policy;
use super::receiver::Receiver;
use crate::alerts::level::Level;
use crate::alerts::state::AlertId;

impl Notifier {
    /// The next time after `now` at which [`tick`](Self::tick) has something to decide if no alert changes until then: a group, an
    /// escalation or a summary is due.
    #[must_use]
    pub fn next_due(&self, now: SystemTime) -> Option<SystemTime> {
        let policies = self.policies.iter().enumerate();
        let due = policies.filter_map(|(index, policy)| {
            let receiver = self.state.receivers.get(&policy.name)?;
            let known = &self.state.known;
            let groups = receiver.groups.values().map(|group| group.due);
            let members = receiver.members.iter();
            let escalations = members.filter_map(|(id, member)| {
                let known = known.get(id).filter(|known| !known.is_muted)?;
                member.escalates_at(known, policy, index)
            });
            let summary = receiver.summary_at(policy, known, now);
            let due = groups.chain(escalations).chain(summary);
            due.filter(|due| *due > now).min()
        });
        due.min()
    }
}

impl Receiver {
    /// The time of the next summary.
    fn summary_at(
        &self,
        policy: &Policy,
        known: &BTreeMap<AlertId, Known>,
        now: SystemTime,
    ) -> Option<SystemTime> {
        let max = policy.max_per_hour;
        let [other, critical] = [false, true].map(|is| self.budget.allowed_at(max, is, now));
        let spaced = self.spaced_until(policy);
        let held = self.members.iter().filter_map(|(id, member)| {
            member.held?;
            let known = known.get(id)?;
            let ready_at = member.ready_at(known, policy.cooldown, now)?;
            let is_critical = known.is_firing && known.level == Level::Critical;
            let allowed = if is_critical { critical } else { other };
            let spaced = spaced.filter(|_| member.held == Some(Hold::Cooldown));
            Some(ready_at.max(allowed).max(spaced.unwrap_or(now)))
        });
        held.min()
    }
}
