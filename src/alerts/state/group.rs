//! `Group`: the alerts of one rule.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::inhibition::Inhibition;
use super::member::Member;
use super::members::Members;
use super::moment::Moment;
use super::reason::Reason;
use super::room::Room;
use super::rule_data::RuleData;
use super::rule_head::RuleHead;
use super::timing::Timing;
use super::transition::Transition;
use crate::alerts::found::Found;
use crate::alerts::labels::Labels;
use crate::alerts::level::Level;
use crate::alerts::no_data::NoData;
use crate::alerts::outcome::Outcome;
use crate::error::{Error, ErrorKind, logged};

/// A series that so many evaluations in a row lack is gone.
const MISSES: u8 = 2;
const NO_DATA: &str = "no data";

/// The alerts of one rule, or one alert that code fired.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) level: Level,
    pub(super) timing: Timing,
    pub(super) inhibited_by: Vec<Inhibition>,
    pub(super) text: Option<String>,
    pub(super) clock: Clock,
    /// The data of the last evaluation.
    #[serde(default)]
    pub(super) data: RuleData,
    /// Whether an evaluation had data.
    #[serde(default)]
    has_had_data: bool,
    /// The reason why the members are as an earlier evaluation left them.
    pub(super) stale: Option<String>,
    pub(super) members: Members,
    /// The number of changes that a restart must know.
    #[serde(skip)]
    pub(super) changes: u64,
    /// The number of alerts that are held, see `Member::is_held`.
    #[serde(skip)]
    pub(super) held: usize,
}

debug_redacted!(Group {
    name,
    level,
    timing,
    inhibited_by,
    text,
    clock,
    data,
    has_had_data,
    stale,
    members,
    changes,
    held
});

impl Group {
    /// The alerts of a rule of this name.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Takes all but the name.
    pub(super) fn set_head(&mut self, rule: &RuleHead<'_>) {
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

    /// Takes the results if they change no state, which is the usual case and costs little: new values, and the time at which they were
    /// seen. Otherwise it does nothing and returns `false`.
    pub(super) fn take_quiet(&mut self, results: &[Found<'_>], now: SystemTime) -> bool {
        let is_quiet = self.data == RuleData::Current
            && self.stale.is_none()
            && self.text.is_none()
            && self.timing.auto_resolve.is_none()
            && self.are_known(results)
            && (results.iter().zip(self.members.iter()))
                .all(|(found, member)| member.stays(found.holds, found.is_unsure));
        if is_quiet {
            let at = self.moment(now);
            for (member, found) in self.members.iter_mut().zip(results) {
                member.alert.level = self.level;
                member.alert.value = Some(found.value);
                if found.holds {
                    member.alert.true_value = Some(found.value);
                }
                member.see(at);
            }
        }
        is_quiet
    }

    pub(super) fn evaluate(
        &mut self,
        outcome: Outcome<'_, '_>,
        now: SystemTime,
        room: &mut Room,
    ) -> Result<Vec<Transition>, Error> {
        let before = self.print();
        let result = self.take(outcome, now, room);
        self.recount();
        if self.print() != before {
            self.changes += 1;
        }
        result
    }

    fn take(
        &mut self,
        outcome: Outcome<'_, '_>,
        now: SystemTime,
        room: &mut Room,
    ) -> Result<Vec<Transition>, Error> {
        let at = self.moment(now);
        if let Outcome::Members(list) = outcome {
            self.members.unseal(list.iter().map(|found| &*found.labels));
        }
        let mut transitions = match outcome {
            Outcome::Failed(error) => {
                self.fail(error);
                Vec::new()
            }
            Outcome::Members(list) if self.are_known(list) => {
                self.stale = None;
                self.data = RuleData::Current;
                self.has_had_data = true;
                self.take_known(list, at, room)
            }
            Outcome::Members(list) if !list.is_empty() => {
                let results = unique(list).inspect_err(|error| self.fail(error))?;
                self.stale = None;
                self.data = RuleData::Current;
                self.has_had_data = true;
                self.take_members(results, at, room)
            }
            Outcome::Members(_) | Outcome::NoData => {
                if !self.has_had_data {
                    self.stale = None;
                    self.data = RuleData::NoneYet;
                } else if self.data != RuleData::Gone {
                    self.stale = Some(NO_DATA.into());
                    self.data = RuleData::Gone;
                }
                self.take_no_data(at, room)
            }
        };
        transitions.extend(self.resolve_overdue(now));
        Ok(transitions)
    }

    fn fail(&mut self, error: &Error) {
        self.stale = Some(logged(error));
        self.data = RuleData::Failed;
    }

    /// Mixes the numbers of all members (FNV-1a), so that a lost change is as good as impossible. Each number is mixed alone, because
    /// two changes at once could cancel each other out otherwise.
    fn print(&self) -> u64 {
        let mix = |print: u64, number: u64| (print ^ number).wrapping_mul(0x0100_0000_01b3);
        let data = mix(0xcbf2_9ce4_8422_2325, self.data as u64);
        self.members.iter().fold(data, |print, member| {
            mix(mix(print, member.print()), member.alert.id.number())
        })
    }

    /// After a restart: the last evaluation confirmed the alerts that it did not lack, because nothing was written since they
    /// changed.
    pub(super) fn confirm(&mut self, clock: Duration) {
        if self.data == RuleData::Current {
            for member in self.members.iter_mut() {
                if member.missed == 0 {
                    member.confirm(clock);
                }
            }
        }
    }

    fn take_members(
        &mut self,
        results: BTreeMap<Labels, &Found<'_>>,
        at: Moment,
        room: &mut Room,
    ) -> Vec<Transition> {
        let mut transitions = Vec::new();
        let timing = self.timing;
        self.members.retain(|member| {
            if results.contains_key(&member.alert.labels) {
                return true;
            }
            let was_held = member.is_held();
            let stays = if member.is_of_no_data {
                member.see(at);
                transitions.extend(member.step(false, &timing, at, Reason::DataIsBack));
                member.is_held()
            } else {
                member.missed = member.missed.saturating_add(1);
                let stays = member.missed < MISSES;
                if !stays {
                    transitions.extend(member.end(Reason::Stale, at.now));
                }
                stays
            };
            room.change(was_held, member.is_held());
            stays
        });
        for (labels, found) in results {
            let held = |known: &Member| known.alert.holds;
            let holds =
                found.holds || found.is_unsure && self.members.get(&labels).is_some_and(held);
            let value = Some(found.value);
            transitions.extend(self.observe(labels, value, holds, reason(holds), at, room));
        }
        transitions
    }

    /// Whether the results are of all known members and of no others, in their order.
    fn are_known(&self, results: &[Found<'_>]) -> bool {
        !results.is_empty()
            && results.len() == self.members.len()
            && results
                .iter()
                .zip(self.members.iter())
                .all(|(found, known)| *found.labels == known.alert.labels)
    }

    /// Does what [`take_members`](Self::take_members) does for known members, which it neither moves nor copies.
    fn take_known(
        &mut self,
        results: &[Found<'_>],
        at: Moment,
        room: &mut Room,
    ) -> Vec<Transition> {
        let mut transitions = Vec::new();
        for (member, found) in self.members.iter_mut().zip(results) {
            member.alert.level = self.level;
            member.alert.text.clone_from(&self.text);
            member.alert.value = Some(found.value);
            // After a restart the window has fewer events than before.
            let holds = found.holds || found.is_unsure && member.alert.holds;
            if holds {
                member.alert.true_value = Some(found.value);
            }
            member.is_of_no_data = false;
            member.see(at);
            transitions.extend(member.step_in(room, holds, &self.timing, at, reason(holds)));
        }
        transitions
    }

    fn take_no_data(&mut self, at: Moment, room: &mut Room) -> Vec<Transition> {
        let timing = self.timing;
        let resolves = timing.no_data == NoData::Resolve;
        let mut transitions = Vec::new();
        for member in self.members.iter_mut() {
            let holds = member.alert.holds && !resolves;
            transitions.extend(member.step_in(room, holds, &timing, at, Reason::NoData));
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
        let member = self.members.find_or_insert(labels, |labels| {
            let mut member = Member::new(&self.name, labels, self.level, at);
            member.is_of_no_data = is_of_no_data;
            member
        });
        member.alert.level = self.level;
        member.alert.text.clone_from(&self.text);
        if value.is_some() {
            member.alert.value = value;
            if holds {
                member.alert.true_value = value;
            }
            member.is_of_no_data = false;
        }
        member.see(at);
        member.step_in(room, holds, &self.timing, at, reason)
    }

    /// Resolves alerts that no evaluation confirmed for `auto_resolve`. The clock is only read, because another thread may
    /// evaluate the rule at an earlier time.
    pub(super) fn resolve_overdue(&mut self, now: SystemTime) -> Vec<Transition> {
        if self.timing.auto_resolve.is_none() {
            return Vec::new();
        }
        let clock = self.clock.read(now);
        let members = self.members.iter_mut();
        let overdue = members.filter(|member| member.is_overdue(&self.timing, clock));
        // Not each has a transition: one that a person resolved is only forgotten.
        let ended = overdue.map(|member| member.end(Reason::AutoResolved, now));
        let ended: Vec<_> = ended.collect();
        self.changes += ended.len() as u64;
        self.recount();
        ended.into_iter().flatten().collect()
    }

    pub(super) fn end(&mut self, reason: Reason, now: SystemTime) -> Vec<Transition> {
        let members = self.members.iter_mut();
        let transitions = members
            .filter_map(|member| member.end(reason, now))
            .collect();
        self.recount();
        transitions
    }

    pub(super) fn recount(&mut self) {
        self.held = self
            .members
            .iter()
            .filter(|member| member.is_held())
            .count();
    }

    pub(super) fn idle(&self) -> usize {
        self.members.len().saturating_sub(self.held)
    }

    /// Forgets as many alerts that need not be remembered.
    pub(super) fn forget_idle(&mut self, mut number: usize) {
        self.members.retain(|member| {
            let stays = number == 0 || member.is_held();
            number -= usize::from(!stays);
            stays
        });
    }
}

fn reason(holds: bool) -> Reason {
    if holds {
        Reason::ConditionTrue
    } else {
        Reason::ConditionFalse
    }
}

/// The results by their labels without `alertname`.
fn unique<'f, 'a>(list: &'f [Found<'a>]) -> Result<BTreeMap<Labels, &'f Found<'a>>, Error> {
    let mut results = BTreeMap::new();
    for found in list {
        let mut labels = Labels::clone(&found.labels);
        labels.remove("alertname");
        match results.entry(labels) {
            Entry::Vacant(vacant) => {
                vacant.insert(found);
            }
            Entry::Occupied(known) => {
                let message = format!("two results have the labels {:?}", known.key());
                return Err(Error::new(ErrorKind::Refused, message));
            }
        }
    }
    Ok(results)
}
