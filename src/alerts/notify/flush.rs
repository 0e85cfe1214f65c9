//! The groups that are due are judged.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::SystemTime;

use super::known::Known;
use super::policy::Policy;
use super::receiver::Receiver;
use super::round::Round;
use super::send::News;
use crate::alerts::channels::NotificationReason;
use crate::alerts::state::AlertId;
use crate::time::later;

/// The alerts of a group.
#[derive(Debug, Default)]
struct Sorted {
    /// Alerts that fire and were not told.
    new: Vec<AlertId>,
    /// Alerts that fire and were told.
    told: Vec<AlertId>,
    /// Alerts that were told and have ended.
    resolved: Vec<AlertId>,
    /// Whether any that was told still fires, also if it is silenced.
    any_fires: bool,
}

impl Receiver {
    /// Judges the groups that are due, the most urgent first, because the cap may not allow all.
    pub(super) fn flush(
        &mut self,
        (index, policy): (usize, &Policy),
        known: &mut BTreeMap<AlertId, Known>,
        round: &mut Round<'_>,
    ) {
        let due = self
            .groups
            .iter()
            .filter(|(_, group)| group.due <= round.now);
        let mut due: BTreeMap<_, _> = due.map(|(key, _)| (key.clone(), Vec::new())).collect();
        if due.is_empty() {
            return;
        }
        round.note_change();
        for (id, member) in &self.members {
            if let Some(members) = due.get_mut(member.group.as_str()) {
                members.push(*id);
            }
        }
        let mut due: Vec<_> = due.into_iter().collect();
        due.sort_by_cached_key(|(_, members)| {
            let firing = members.iter().filter_map(|id| known.get(id));
            let firing = firing.filter(|known| known.is_firing);
            Reverse(firing.map(|known| known.level).max())
        });
        for (key, members) in due {
            if let Some(news) =
                self.judge(key.as_str(), &members, (index, policy), known, round.now)
            {
                self.send(news, policy, known, round);
            }
            self.drop_if_over(key.as_str(), &members, index, known);
        }
    }

    /// The news about a group, as Alertmanager decides them (`notify.DedupStage`).
    fn judge(
        &mut self,
        key: &str,
        ids: &[AlertId],
        (index, policy): (usize, &Policy),
        known: &BTreeMap<AlertId, Known>,
        now: SystemTime,
    ) -> Option<News> {
        let Sorted {
            new,
            told,
            resolved,
            any_fires,
        } = self.sort(ids, (index, policy), known);
        let repeated = self.repeated(&told, known);
        let group = self.groups.get_mut(key)?;
        group.due = later(now, policy.group_interval);
        let repeat_at = group
            .last
            .map(|last| last.checked_add(policy.repeat_interval));
        let (reason, firing, others) = match (new.is_empty(), resolved.is_empty()) {
            (false, _) if group.last.is_none() => (NotificationReason::First, new, told),
            (false, _) => (NotificationReason::NewAlerts, new, told),
            (true, false) if any_fires => (NotificationReason::SomeResolved, new, told),
            (true, false) => (NotificationReason::AllResolved, new, told),
            (true, true) => {
                let is_due = repeat_at
                    .flatten()
                    .is_some_and(|repeat_at| repeat_at <= now);
                if !is_due || repeated.is_empty() {
                    return None;
                }
                (NotificationReason::Repeat, repeated, Vec::new())
            }
        };
        group.last = Some(now);
        Some(News {
            reason,
            group_key: key.to_owned(),
            group_labels: group.labels.clone(),
            firing,
            resolved,
            others,
        })
    }

    fn sort(
        &mut self,
        ids: &[AlertId],
        (index, policy): (usize, &Policy),
        known: &BTreeMap<AlertId, Known>,
    ) -> Sorted {
        let mut sorted = Sorted::default();
        for id in ids {
            let (Some(member), Some(known)) = (self.members.get_mut(id), known.get(id)) else {
                continue;
            };
            let is_told = member.told_at.is_some();
            sorted.any_fires |= is_told && known.is_firing;
            if member.is_active(known, index) && !known.is_muted {
                let list = if member.is_told(known) {
                    &mut sorted.told
                } else {
                    &mut sorted.new
                };
                list.push(*id);
            } else if is_told && !known.is_firing {
                if policy.sends_resolved {
                    sorted.resolved.push(*id);
                } else {
                    member.note_over();
                    member.is_shown = false;
                }
            }
        }
        sorted
    }

    /// The alerts that a repeat is about: nobody acknowledged them, and no summary will list them.
    fn repeated(&self, told: &[AlertId], known: &BTreeMap<AlertId, Known>) -> Vec<AlertId> {
        let is_repeated = |id: &&AlertId| {
            let known = known.get(id);
            known.is_some_and(|known| known.acknowledged.is_none())
                && (self.members.get(id)).is_some_and(|member| member.held.is_none())
        };
        told.iter().filter(is_repeated).copied().collect()
    }

    /// A group ends with its last alert. Its next alert makes a new one, which waits again.
    fn drop_if_over(
        &mut self,
        key: &str,
        ids: &[AlertId],
        index: usize,
        known: &BTreeMap<AlertId, Known>,
    ) {
        let is_over = ids.iter().all(|id| {
            let pair = self.members.get(id).zip(known.get(id));
            pair.is_none_or(|(member, known)| {
                member.told_at.is_none() && !member.is_active(known, index)
            })
        });
        if is_over {
            self.groups.remove(key);
        }
    }
}
