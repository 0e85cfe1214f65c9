//! `Group`: the alerts of one rule.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::alert::Alert;
use super::clock::Clock;
use super::evaluated::{Evaluated, Labels};
use super::evaluation::Evaluation;
use super::inhibition::Inhibition;
use super::moment::Moment;
use super::no_data::NoData;
use super::reason::Reason;
use super::room::Room;
use super::rule_head::RuleHead;
use super::timing::Timing;
use super::transition::Transition;
use super::wire;
use crate::alerts::level::Level;
use crate::error::{Error, ErrorKind, logged};

/// A series that so many evaluations in a row lack is gone.
const MISSES: u8 = 2;

/// The alerts of one rule, or one alert that code fired.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) level: Level,
    pub(super) timing: Timing,
    pub(super) inhibited_by: Vec<Inhibition>,
    pub(super) text: Option<String>,
    pub(super) clock: Clock,
    /// The reason why the last evaluation gave no members.
    pub(super) stale: Option<String>,
    #[serde(with = "wire::pairs")]
    pub(super) alerts: BTreeMap<Labels, Alert>,
    /// The number of alerts that are held, see `Alert::is_held`.
    #[serde(skip)]
    pub(super) held: usize,
}

impl Group {
    pub(super) fn set_head(&mut self, rule: &RuleHead<'_>) {
        if self.name != rule.name {
            self.name = rule.name.into();
        }
        self.level = rule.level;
        self.timing = rule.timing;
        if self.inhibited_by != rule.inhibited_by {
            self.inhibited_by = rule.inhibited_by.to_vec();
        }
    }

    pub(super) fn moment(&mut self, now: SystemTime) -> Moment {
        let clock = self.clock.advance(now);
        Moment { now, clock }
    }

    pub(super) fn evaluate(
        &mut self,
        evaluation: Evaluation,
        now: SystemTime,
        room: &mut Room,
    ) -> Result<Vec<Transition>, Error> {
        let at = self.moment(now);
        let mut transitions = match evaluation {
            Evaluation::Failed(error) => {
                self.stale = Some(logged(&error));
                Vec::new()
            }
            Evaluation::Members(list) if !list.is_empty() => {
                let members = unique(list).inspect_err(|error| self.stale = Some(logged(error)))?;
                self.stale = None;
                self.take_members(members, at, room)
            }
            Evaluation::Members(_) | Evaluation::NoData => {
                self.stale = Some("no data".into());
                self.take_no_data(at, room)
            }
        };
        transitions.extend(self.resolve_overdue(now));
        self.recount();
        Ok(transitions)
    }

    fn take_members(
        &mut self,
        members: BTreeMap<Labels, Evaluated>,
        at: Moment,
        room: &mut Room,
    ) -> Vec<Transition> {
        let mut transitions = Vec::new();
        let timing = self.timing;
        self.alerts.retain(|labels, alert| {
            if members.contains_key(labels) {
                return true;
            }
            let was_held = alert.is_held();
            let stays = if alert.is_of_no_data {
                alert.see(at);
                transitions.extend(alert.step(false, &timing, at, Reason::DataIsBack));
                alert.is_held()
            } else {
                alert.missed = alert.missed.saturating_add(1);
                let stays = alert.missed < MISSES;
                if !stays {
                    transitions.extend(alert.end(Reason::Stale, at.now));
                }
                stays
            };
            room.change(was_held, alert.is_held());
            stays
        });
        for (labels, member) in members {
            let reason = if member.holds {
                Reason::ConditionTrue
            } else {
                Reason::ConditionFalse
            };
            let value = Some(member.value);
            transitions.extend(self.observe(labels, value, member.holds, reason, at, room));
        }
        transitions
    }

    fn take_no_data(&mut self, at: Moment, room: &mut Room) -> Vec<Transition> {
        let timing = self.timing;
        let resolves = timing.no_data == NoData::Resolve;
        let mut transitions = Vec::new();
        for alert in self.alerts.values_mut() {
            let holds = alert.holds && !resolves;
            transitions.extend(alert.step(holds, &timing, at, Reason::NoData));
        }
        if timing.no_data == NoData::Fire {
            let labels = Labels::new();
            transitions.extend(self.observe(labels, None, true, Reason::NoData, at, room));
        }
        transitions
    }

    /// Takes one member's result. Without room, an alert does not become active.
    pub(super) fn observe(
        &mut self,
        labels: Labels,
        value: Option<f64>,
        holds: bool,
        reason: Reason,
        at: Moment,
        room: &mut Room,
    ) -> Option<Transition> {
        let is_of_no_data = value.is_none() && reason == Reason::NoData;
        let mut entry = self.alerts.entry(labels);
        let was_held = match &entry {
            Entry::Occupied(known) => known.get().is_held(),
            Entry::Vacant(_) => false,
        };
        if holds && !was_held && !room.admits() {
            if let Entry::Occupied(known) = &mut entry {
                let alert = known.get_mut();
                alert.see(at);
                alert.value = value;
            }
            return None;
        }
        let alert = match entry {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                let mut alert = Alert::new(&self.name, vacant.key().clone(), self.level, at);
                alert.is_of_no_data = is_of_no_data;
                vacant.insert(alert)
            }
        };
        alert.level = self.level;
        alert.text.clone_from(&self.text);
        if value.is_some() {
            alert.value = value;
            alert.is_of_no_data = false;
        }
        alert.see(at);
        let transition = alert.step(holds, &self.timing, at, reason);
        room.change(was_held, alert.is_held());
        transition
    }

    /// Resolves alerts that no evaluation confirmed for `auto_resolve`. The clock is only read, because another thread may
    /// evaluate the rule at an earlier time.
    pub(super) fn resolve_overdue(&mut self, now: SystemTime) -> Vec<Transition> {
        let clock = self.clock.read(now);
        let alerts = self.alerts.values_mut();
        let overdue = alerts.filter(|alert| alert.is_overdue(&self.timing, clock));
        let transitions = overdue
            .filter_map(|alert| alert.end(Reason::AutoResolved, now))
            .collect();
        self.recount();
        transitions
    }

    pub(super) fn end(&mut self, reason: Reason, now: SystemTime) -> Vec<Transition> {
        let alerts = self.alerts.values_mut();
        let transitions = alerts.filter_map(|alert| alert.end(reason, now)).collect();
        self.recount();
        transitions
    }

    pub(super) fn recount(&mut self) {
        self.held = self.alerts.values().filter(|alert| alert.is_held()).count();
    }

    pub(super) fn idle(&self) -> usize {
        self.alerts.len().saturating_sub(self.held)
    }

    /// Forgets as many alerts that need not be remembered.
    pub(super) fn forget_idle(&mut self, mut number: usize) {
        self.alerts.retain(|_, alert| {
            let stays = number == 0 || alert.is_held();
            number -= usize::from(!stays);
            stays
        });
    }
}

/// The members by their labels without `alertname`.
fn unique(list: Vec<Evaluated>) -> Result<BTreeMap<Labels, Evaluated>, Error> {
    let mut members = BTreeMap::new();
    for mut member in list {
        let mut labels = std::mem::take(&mut member.labels);
        labels.remove("alertname");
        match members.entry(labels) {
            Entry::Vacant(vacant) => {
                vacant.insert(member);
            }
            Entry::Occupied(known) => {
                let message = format!("two results have the labels {:?}", known.key());
                return Err(Error::new(ErrorKind::Refused, message));
            }
        }
    }
    Ok(members)
}
