//! Explanations of rules and alerts.

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use super::alert::Alert;
use super::alert_explanation::AlertExplanation;
use super::alert_id::AlertId;
use super::alert_state::AlertState;
use super::group::Group;
use super::held_back::HeldBack;
use super::inhibition::Inhibition;
use super::member::Member;
use super::rule_data::RuleData;
use super::rule_explanation::RuleExplanation;
use super::state::State;

/// The firing alerts that an inhibition names, by the values that must be equal: the one that fires for the longest time.
struct Inhibitors<'a> {
    inhibition: &'a Inhibition,
    state: &'a State,
    firing: BTreeMap<Vec<&'a str>, &'a Alert>,
}

impl Inhibitors<'_> {
    /// The alert that holds this one back.
    fn source(&self, alert: &Alert) -> Option<&Alert> {
        if self.firing.is_empty() {
            return None;
        }
        let added = self.state.added_labels(alert);
        let values = self.inhibition.values(&alert.labels, added);
        let source = self.firing.get(&values);
        source.copied().filter(|source| source.id != alert.id)
    }

    fn hold_back(&self, alert: &Alert) -> bool {
        self.source(alert).is_some()
    }
}

impl State {
    /// Explains the members of a rule, or `None` if the rule was never evaluated.
    #[must_use]
    pub fn explain(&self, rule: &str, now: SystemTime) -> Option<RuleExplanation> {
        let group = self.rules.get(rule)?;
        let inhibitors = self.inhibitors(group);
        let members = group.members.iter();
        Some(RuleExplanation {
            rule: rule.into(),
            level: group.level,
            timing: group.timing,
            data: group.data,
            stale: group.stale.clone(),
            members: members
                .map(|member| self.explained(group, member, &inhibitors, now))
                .collect(),
        })
    }

    /// Explains the alerts of this name that code fired, in the order of their labels.
    #[must_use]
    pub fn explain_fired(&self, name: &str, now: SystemTime) -> Vec<AlertExplanation> {
        let groups = self.fired.values().filter(|group| group.name == name);
        let members = groups.flat_map(|group| group.members.iter().map(move |it| (group, it)));
        let explained = members.map(|(group, member)| self.explained(group, member, &[], now));
        let mut explained: Vec<_> = explained.collect();
        explained.sort_by(|one, other| one.alert.labels.cmp(&other.alert.labels));
        explained
    }

    /// Explains an alert, or `None` if it is unknown.
    #[must_use]
    pub fn explain_alert(&self, id: AlertId, now: SystemTime) -> Option<AlertExplanation> {
        let mut members = self
            .groups()
            .flat_map(|group| group.members.iter().map(move |member| (group, member)));
        let (group, member) = members.find(|(_, member)| member.alert.id == id)?;
        Some(self.explained(group, member, &self.inhibitors(group), now))
    }

    /// The firing alerts, each with whether a silence or an inhibition holds it back: what [`explain_alert`](Self::explain_alert)
    /// says of one alert, for all of them at once.
    pub fn firing(&self, now: SystemTime) -> impl Iterator<Item = (&Alert, bool)> {
        self.held_groups().flat_map(move |group| {
            let inhibitors = self.inhibitors(group);
            let alerts = group.members.iter().map(|member| &member.alert);
            let firing = alerts.filter(|alert| alert.state == AlertState::Firing);
            firing.map(move |alert| {
                let mut silences = self.silences.iter();
                let is_held_back = silences
                    .any(|silence| silence.holds_back(alert, self.added_labels(alert), now))
                    || inhibitors
                        .iter()
                        .any(|inhibitors| inhibitors.hold_back(alert));
                (alert, is_held_back)
            })
        })
    }

    /// Explains all known alerts, also inactive and resolved ones.
    #[must_use]
    pub fn explain_all(&self, now: SystemTime) -> Vec<AlertExplanation> {
        let mut all = Vec::new();
        for group in self.groups() {
            let inhibitors = self.inhibitors(group);
            let members = group.members.iter();
            all.extend(members.map(|member| self.explained(group, member, &inhibitors, now)));
        }
        all
    }

    /// The firing alerts whose silence or inhibition began before they fired.
    pub(in crate::alerts) fn held_back_from_the_start(&self, now: SystemTime) -> HashSet<AlertId> {
        let mut held_back = HashSet::new();
        for group in self.groups() {
            let inhibitors = self.inhibitors(group);
            let alerts = group.members.iter().map(|member| &member.alert);
            for alert in alerts.filter(|alert| alert.state == AlertState::Firing) {
                let mut silences = self.silences.iter();
                let is_silenced = silences.any(|silence| {
                    silence.begins_before(alert, now)
                        && silence.holds_back(alert, self.added_labels(alert), now)
                });
                let mut sources = inhibitors.iter().filter_map(|it| it.source(alert));
                if is_silenced || sources.any(|source| source.since <= alert.since) {
                    held_back.insert(alert.id);
                }
            }
        }
        held_back
    }

    fn inhibitors<'a>(&'a self, group: &'a Group) -> Vec<Inhibitors<'a>> {
        let inhibitors = |inhibition: &'a Inhibition| {
            let source = self.rules.get(&inhibition.rule);
            let members = source.into_iter().flat_map(|group| group.members.iter());
            let alerts = members.map(|member| &member.alert);
            let firing = alerts.filter(|alert| alert.state == AlertState::Firing);
            let mut firing: Vec<_> = firing.collect();
            // The last one with the same values stays in the map.
            firing.sort_by_key(|alert| std::cmp::Reverse(alert.since));
            let firing = firing.into_iter();
            let values = |alert: &'a Alert| {
                let added = self.added_labels(alert);
                inhibition.values(&alert.labels, added)
            };
            let firing = firing.map(|alert| (values(alert), alert));
            Inhibitors {
                inhibition,
                state: self,
                firing: firing.collect(),
            }
        };
        group.inhibited_by.iter().map(inhibitors).collect()
    }

    fn explained(
        &self,
        group: &Group,
        member: &Member,
        inhibitors: &[Inhibitors<'_>],
        now: SystemTime,
    ) -> AlertExplanation {
        let deadline = member.deadline(&group.timing);
        AlertExplanation {
            alert: member.alert.clone(),
            deadline: deadline.and_then(|deadline| group.clock.system_time(deadline, now)),
            held_back: self.held_back(group, member, inhibitors, now),
        }
    }

    fn held_back(
        &self,
        group: &Group,
        member: &Member,
        inhibitors: &[Inhibitors<'_>],
        now: SystemTime,
    ) -> Vec<HeldBack> {
        let alert = &member.alert;
        let mut causes = Vec::new();
        if alert.state == AlertState::Pending {
            causes.push(HeldBack::Pending);
        }
        if member.lacks_room() {
            causes.push(HeldBack::LimitReached);
        }
        let silences = self.silences.iter();
        let silences =
            silences.filter(|silence| silence.holds_back(alert, self.added_labels(alert), now));
        causes.extend(silences.map(|silence| HeldBack::Silenced {
            silence: silence.name(),
            until: silence.active(now).map_or(silence.until, |(_, end)| end),
        }));
        for inhibitors in inhibitors {
            if let Some(source) = inhibitors.source(alert) {
                causes.push(HeldBack::Inhibited {
                    rule: inhibitors.inhibition.rule.clone(),
                    alert: source.id,
                });
            }
        }
        if let Some(act) = &alert.resolved_by_hand {
            let by = act.by.clone();
            causes.push(HeldBack::ResolvedByHand { by, at: act.at });
        }
        let is_missing = member.missed > 0;
        let missing = is_missing.then(|| "missing from the last evaluation".into());
        // Missing data is the very condition of an alert about it.
        let is_stale = !(member.is_of_no_data && group.data == RuleData::Gone);
        let stale = group.stale.clone().filter(|_| is_stale).or(missing);
        causes.extend(stale.map(|reason| HeldBack::Stale { reason }));
        causes
    }
}
