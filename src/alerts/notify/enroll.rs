//! Alerts join the groups of a channel.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::group::Group;
use super::group_key::{group_key, group_labels};
use super::group_name::GroupName;
use super::known::Known;
use super::policy::Policy;
use super::receiver::Receiver;
use crate::alerts::level::Level;
use crate::alerts::state::AlertId;
use crate::time::later;

impl Receiver {
    /// Takes a firing alert into its group. A new group waits, unless the alert is critical.
    pub(super) fn enroll(&mut self, id: AlertId, known: &Known, policy: &Policy, now: SystemTime) {
        let is_critical = known.level == Level::Critical;
        let wait = if is_critical {
            Duration::ZERO
        } else {
            policy.group_wait
        };
        let due = later(now, wait);
        let told_at = self.members.get(&id).and_then(|member| member.told_at);
        let group = self.join(id, known, policy, due, told_at);
        if group.last.is_none() && is_critical {
            group.due = group.due.min(due);
        }
    }

    /// Takes an alert into its group, which is made for it if there is none.
    pub(super) fn join(
        &mut self,
        id: AlertId,
        known: &Known,
        policy: &Policy,
        due: SystemTime,
        last: Option<SystemTime>,
    ) -> &mut Group {
        let labels = group_labels(&policy.group_by, &known.labels);
        let key = group_key(&labels);
        let known = self.groups.get_key_value(&*key);
        let key = known.map_or_else(|| GroupName::from(&*key), |(key, _)| key.clone());
        self.members.entry(id).or_default().group.clone_from(&key);
        let group = self.groups.entry(key);
        let group = group.or_insert(Group { labels, due, last });
        group.last = group.last.or(last);
        group
    }

    /// Makes all groups anew if the policy groups by other labels than before. Alerts that were told are not told again.
    pub(super) fn regroup(
        &mut self,
        policy: &Policy,
        known: &BTreeMap<AlertId, Known>,
        now: SystemTime,
    ) -> bool {
        if self.group_by == policy.group_by {
            return false;
        }
        self.group_by.clone_from(&policy.group_by);
        self.groups.clear();
        let members: Vec<_> = self.members.keys().copied().collect();
        for id in members {
            let Some(known) = known.get(&id) else {
                continue;
            };
            let told_at = self.members.get(&id).and_then(|member| member.told_at);
            let wait = if told_at.is_some() {
                policy.group_interval
            } else {
                policy.group_wait
            };
            let due = later(now, wait);
            let group = self.join(id, known, policy, due, told_at);
            group.last = group.last.max(told_at);
        }
        true
    }
}
