//! The summary of notifications that were held back.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::group_key::SUMMARY;
use super::hold::Hold;
use super::known::Known;
use super::member::Member;
use super::policy::Policy;
use super::receiver::Receiver;
use super::round::Round;
use super::select::select;
use super::send::any_is_critical;
use crate::alerts::channels::{Notification, NotificationReason};
use crate::alerts::state::AlertId;
use crate::time::later;

impl Receiver {
    /// Lists all alerts that were held back in one notification, as soon as the cap and their cooldowns allow.
    pub(super) fn summarize(
        &mut self,
        policy: &Policy,
        known: &mut BTreeMap<AlertId, Known>,
        round: &mut Round<'_>,
    ) {
        let now = round.now;
        let held = |(_, member): &(_, &Member)| member.held.is_some();
        let members = self.members.iter().filter(held);
        let ready = members.filter(|(id, member)| {
            let known = known.get(id);
            let ready_at = known.and_then(|known| member.ready_at(known, policy.cooldown, now));
            ready_at.is_some_and(|ready_at| ready_at <= now)
        });
        let ready: Vec<_> = ready.map(|(id, _)| *id).collect();
        let is_capped = |id| {
            let member = self.members.get(id);
            member.is_some_and(|member| member.held == Some(Hold::Cap))
        };
        let is_spaced = self.spaced_until(policy).is_none_or(|until| until <= now);
        if ready.is_empty() || !(is_spaced || ready.iter().any(is_capped)) {
            return;
        }
        let is_critical = any_is_critical(&ready, known);
        if !self.budget.allows(policy.max_per_hour, is_critical, now) {
            for id in &ready {
                if let Some(member) = self.members.get_mut(id)
                    && member.held.replace(Hold::Cap) != Some(Hold::Cap)
                {
                    round.note_change();
                }
            }
            return;
        }
        round.note_change();
        self.join_all(&ready, policy, known, now);
        let is_shown = |id| self.members.get(&id).is_some_and(|member| member.is_shown);
        let selection = select(ready, known, is_shown, |_| true);
        let mut summary = Notification::new(NotificationReason::Summary, SUMMARY, now);
        selection.list(&mut summary, known, round);
        summary.left_out += std::mem::take(&mut self.left_out);
        summary.text = Some(match std::mem::take(&mut self.held) {
            0 => "Notifications were held back by the cooldown or the hourly cap.".to_owned(),
            1 => "1 notification was held back by the cooldown or the hourly cap.".to_owned(),
            held => {
                format!("{held} notifications were held back by the cooldown or the hourly cap.")
            }
        });
        for id in &selection.listed {
            let (Some(member), Some(known)) = (self.members.get_mut(id), known.get(id)) else {
                continue;
            };
            if known.is_firing {
                member.note_announced(known, now);
            } else {
                member.note_resolved();
            }
        }
        self.note_unlisted(&selection.unlisted, known, round);
        self.last_summary = Some(now);
        self.budget.spend(now);
        let channel = policy.name.clone();
        round.decisions.queued.push((channel, summary));
    }

    /// The groups of firing alerts count the summary as their notification. A group can have ended while its alert was held back.
    fn join_all(
        &mut self,
        alerts: &[AlertId],
        policy: &Policy,
        known: &BTreeMap<AlertId, Known>,
        now: SystemTime,
    ) {
        let due = later(now, policy.group_interval);
        for id in alerts {
            if let Some(known) = known.get(id).filter(|known| known.is_firing) {
                self.join(*id, known, policy, due, None).last = Some(now);
            }
        }
    }

    /// The earliest time of a summary about cooldowns alone, which waits for others to end.
    pub(super) fn spaced_until(&self, policy: &Policy) -> Option<SystemTime> {
        Some(later(self.last_summary?, policy.group_interval))
    }
}
