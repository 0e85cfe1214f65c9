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
        // A summary lists all that are ready, so one alert may open the way for another.
        let (mut first, mut first_capped, mut first_critical) = (None, None, None);
        for (id, member) in &self.members {
            let Some(known) = known.get(id) else { continue };
            let Some(ready_at) = member.ready_at(known, policy.cooldown, now) else {
                continue;
            };
            let is_critical = known.is_firing && known.level == Level::Critical;
            let is_capped = member.held == Some(Hold::Cap);
            for (first, counts) in [
                (&mut first, true),
                (&mut first_capped, is_capped),
                (&mut first_critical, is_critical),
            ] {
                if counts {
                    *first = Some(first.map_or(ready_at, |first: SystemTime| first.min(ready_at)));
                }
            }
        }
        let spaced = self.spaced_until(policy).unwrap_or(now);
        let spaced = first_capped.map_or(spaced, |capped| capped.min(spaced));
        let allowed = first_critical.map_or(other, |ready_at| ready_at.max(critical).min(other));
        Some(first?.max(spaced).max(allowed))
    }
}
