//! `State`: the life of all alerts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::alert::Alert;
use super::alert_id::AlertId;
use super::code_alert::CodeAlert;
use super::group::Group;
use super::history::History;
use super::limits::Limits;
use super::reason::Reason;
use super::room::Room;
use super::rule_groups::RuleGroups;
use super::rule_head::RuleHead;
use super::silence::{Silence, SilenceId};
use super::timing::Timing;
use super::totals::Totals;
use super::transition::Transition;
use crate::alerts::evaluated::Evaluation;
use crate::alerts::found::Found;
use crate::alerts::labels::Labels;
use crate::alerts::outcome::Outcome;
use crate::alerts::wire;
use crate::error::Error;

/// The life of all alerts, without I/O. The caller gives the time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tower_vitals::alerts::Level;
/// use tower_vitals::alerts::state::{AlertState, RuleHead, State, Timing};
/// use tower_vitals::alerts::{Evaluated, Evaluation};
///
/// let timing = Timing { for_duration: Duration::from_secs(60), ..Timing::default() };
/// let rule = RuleHead { name: "errors", level: Level::Error, timing, inhibited_by: &[] };
/// let too_many = || Evaluation::Members(vec![Evaluated { labels: [].into(), value: 7.0, holds: true }]);
/// let start = SystemTime::now();
///
/// let mut state = State::default();
/// let pending = state.evaluate(&rule, too_many(), start)?;
/// assert_eq!(pending[0].to, AlertState::Pending);
/// let firing = state.evaluate(&rule, too_many(), start + Duration::from_secs(60))?;
/// assert_eq!(firing[0].to, AlertState::Firing);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct State {
    limits: Limits,
    pub(super) rules: RuleGroups,
    pub(super) fired: BTreeMap<AlertId, Group>,
    pub(super) silences: Vec<Silence>,
    pub(super) last_silence: SilenceId,
    history: History,
    dropped: u64,
    /// The last time that a caller gave.
    #[serde(with = "wire::optional_time")]
    seen: Option<SystemTime>,
    /// The number of changes that a restart must know.
    #[serde(skip)]
    revision: u64,
    /// `None` after a change that did not count them.
    #[serde(skip)]
    totals: Option<Totals>,
    #[serde(skip)]
    is_running: bool,
    /// The state was saved before the time until which it was kept up to date.
    #[serde(skip)]
    is_older: bool,
    #[serde(skip)]
    has_logged: bool,
    /// The labels that rules add to their alerts, by name, and those of alerts that code fired.
    #[serde(skip)]
    pub(super) added_labels: (BTreeMap<String, Labels>, Labels),
}

debug_fields!(State {
    limits,
    rules,
    fired,
    silences,
    dropped,
    seen,
    revision,
    added_labels
});

impl State {
    /// No alerts yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Goes on after a restart: the time between the last call before the state was saved and `now` does not count. The first call
    /// that changes anything does this by itself.
    pub fn resume(&mut self, now: SystemTime) {
        if !self.is_running {
            self.is_running = true;
            // The clocks move, so a state that was saved before does not go with later times.
            self.changed();
            let seen = self.seen.unwrap_or(now);
            if self.is_older {
                for group in self.rules.iter_mut() {
                    group.confirm(group.clock.read(seen));
                }
            }
            for group in self.rules.iter_mut().chain(self.fired.values_mut()) {
                group.clock.shift(seen, now);
                group.recount();
            }
        }
        self.seen = Some(now);
    }

    /// Sees nothing until the next change. As after a restart, that time does not count.
    pub(in crate::alerts) fn pause(&mut self) {
        self.is_running = false;
        self.is_older = false;
    }

    /// Sets the time until which the state was kept up to date, where it was saved apart from the state. Call it before the first
    /// change. Alerts then count as confirmed until that time, which may delay their `auto_resolve`.
    pub fn set_seen(&mut self, seen: SystemTime) {
        self.is_older = self.seen != Some(seen);
        self.seen = Some(seen);
    }

    /// Sets the labels that rules add to their alerts, by the names of the rules, and those that all alerts of code get. Silences
    /// match them too.
    pub(in crate::alerts) fn set_added_labels(
        &mut self,
        of_rules: BTreeMap<String, Labels>,
        of_code: Labels,
    ) {
        self.added_labels = (of_rules, of_code);
    }

    pub(super) fn added_labels(&self, alert: &Alert) -> Option<&Labels> {
        let (of_rules, of_code) = &self.added_labels;
        match alert.text {
            Some(_) => Some(of_code),
            None => of_rules.get(&alert.name),
        }
    }

    /// A number that grows with each change that a restart must know. While it stays, the state need not be saved again: the time
    /// of the last call is enough ([`set_seen`](Self::set_seen)).
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes a rule's evaluation, and returns the changes.
    ///
    /// # Errors
    ///
    /// Fails if two results have the same labels. The state of the rule's alerts is left alone, and they are marked as stale.
    pub fn evaluate(
        &mut self,
        rule: &RuleHead<'_>,
        evaluation: Evaluation,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        match evaluation {
            Evaluation::Members(list) => {
                let list: Vec<_> = list.into_iter().map(Found::from).collect();
                self.take(rule, Outcome::Members(&list), now)
            }
            Evaluation::NoData => self.take(rule, Outcome::NoData, now),
            Evaluation::Failed(error) => self.take(rule, Outcome::Failed(&error), now),
        }
    }

    /// As [`evaluate`](Self::evaluate). Allocates nothing if nothing changes.
    pub(in crate::alerts) fn take(
        &mut self,
        rule: &RuleHead<'_>,
        outcome: Outcome<'_, '_>,
        now: SystemTime,
    ) -> Result<Vec<Transition>, Error> {
        self.resume(now);
        let mut totals = self.totals();
        let mut room = self.room(totals);
        let group = self.rules.find_or_insert(rule.name);
        group.set_head(rule);
        // Those above the limit are forgotten below.
        if totals.idle <= self.limits.inactive
            && let Outcome::Members(list) = outcome
            && group.take_quiet(list, now)
        {
            self.history.trim(&self.limits, now);
            self.totals = Some(totals);
            return Ok(Vec::new());
        }
        let changes = group.changes;
        totals.held -= group.held;
        totals.idle -= group.idle();
        let result = group.evaluate(outcome, now, &mut room);
        let excess = (totals.idle + group.idle()).saturating_sub(self.limits.inactive);
        if excess > 0 {
            group.forget_idle(excess);
        }
        totals.held += group.held;
        totals.idle += group.idle();
        if group.changes != changes || excess > 0 {
            self.changed();
        }
        self.note_dropped(&room);
        let transitions = result.map(|transitions| self.record(transitions, now));
        self.totals = Some(totals);
        transitions
    }

    /// Fires an alert from code, and returns the changes. An alert that fires already takes the new text and level.
    ///
    /// An alert that a person resolved stays so until it was not fired for its `auto_resolve`. Without `auto_resolve`, firing it again
    /// is a new alert.
    pub fn fire(&mut self, alert: CodeAlert, now: SystemTime) -> Vec<Transition> {
        self.resume(now);
        let mut totals = self.totals();
        let mut room = self.room(totals);
        let id = alert.id();
        let group = self.fired.entry(id);
        let group = group.or_insert_with(|| Group::named(&alert.name));
        totals.held -= group.held;
        let mut transitions = group.resolve_overdue(now);
        let timing = Timing {
            auto_resolve: alert.auto_resolve,
            ..Timing::default()
        };
        group.set_head(&RuleHead {
            name: &alert.name,
            level: alert.level,
            timing,
            inhibited_by: &[],
        });
        group.text = Some(alert.text);
        self.revision += 1;
        let at = group.moment(now);
        let reason = Reason::FiredByCode;
        transitions.extend(group.observe(alert.labels, None, true, reason, at, &mut room));
        group.recount();
        totals.held += group.held;
        self.forget_ended(id);
        // Also without a transition, because the alert's text and the time of its last confirmation change.
        self.changed();
        self.note_dropped(&room);
        let transitions = self.record(transitions, now);
        self.totals = Some(totals);
        transitions
    }

    /// Ends an alert that code fired, and returns the change.
    pub fn clear(&mut self, id: AlertId, now: SystemTime) -> Vec<Transition> {
        self.resume(now);
        let group = self.fired.get_mut(&id);
        let transitions = group.map(|group| group.end(Reason::ClearedByCode, now));
        // Also without a transition, because an alert that a person resolved is forgotten.
        if transitions.is_some() {
            self.changed();
        }
        self.forget_ended(id);
        self.record(transitions.unwrap_or_default(), now)
    }

    /// Does what time alone decides, and returns the changes: alerts resolve that nothing confirmed for `auto_resolve`, silences
    /// that are over leave, and so do old transitions.
    pub fn tick(&mut self, now: SystemTime) -> Vec<Transition> {
        self.resume(now);
        let (mut transitions, mut is_changed) = (Vec::new(), false);
        let groups = self.rules.iter_mut().chain(self.fired.values_mut());
        for group in groups.filter(|group| group.held > 0) {
            let changes = group.changes;
            transitions.extend(group.resolve_overdue(now));
            is_changed |= group.changes != changes;
        }
        self.fired.retain(|_, group| group.held > 0);
        let silences = self.silences.len();
        self.silences.retain(|silence| !silence.is_over(now));
        if is_changed || self.silences.len() != silences {
            self.changed();
        }
        self.record(transitions, now)
    }

    /// Forgets a rule, whose active alerts end, and returns the changes.
    pub fn remove_rule(&mut self, name: &str, now: SystemTime) -> Vec<Transition> {
        self.resume(now);
        let group = self.rules.remove(name);
        if group.is_some() {
            self.changed();
        }
        let transitions = group.map(|mut group| group.end(Reason::RuleRemoved, now));
        self.record(transitions.unwrap_or_default(), now)
    }

    /// The last transitions, the oldest first.
    #[must_use]
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Transition> {
        self.history.iter()
    }

    /// The number of results that could not become active alerts because of [`Limits::active`]: each evaluation counts.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The bounds.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sets the bounds. Alerts and silences above them stay until they end.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.rules.iter().chain(self.fired.values())
    }

    /// The groups that can have active alerts. They are not counted before the first change.
    pub(super) fn held_groups(&self) -> impl Iterator<Item = &Group> {
        let is_counted = self.is_running;
        let groups = self.groups();
        groups.filter(move |group| group.held > 0 || !is_counted)
    }

    /// Notes a change that a restart must know.
    pub(super) fn changed(&mut self) {
        self.revision += 1;
        self.totals = None;
    }

    /// Adds the changes to the history.
    pub(super) fn record(
        &mut self,
        transitions: Vec<Transition>,
        now: SystemTime,
    ) -> Vec<Transition> {
        if !transitions.is_empty() {
            self.changed();
            self.history.record(&transitions, &self.limits);
        }
        self.history.trim(&self.limits, now);
        transitions
    }

    /// Forgets an alert that code fired, unless it must be remembered.
    pub(super) fn forget_ended(&mut self, id: AlertId) {
        if self.fired.get(&id).is_some_and(|group| group.held == 0) {
            self.fired.remove(&id);
        }
    }

    fn totals(&self) -> Totals {
        self.totals.unwrap_or_else(|| Totals {
            held: self.groups().map(|group| group.held).sum(),
            idle: self.rules.iter().map(Group::idle).sum(),
        })
    }

    fn room(&self, totals: Totals) -> Room {
        Room::new(self.limits.active.saturating_sub(totals.held))
    }

    fn note_dropped(&mut self, room: &Room) {
        self.dropped = self.dropped.saturating_add(room.dropped);
        if room.dropped > 0 && !self.has_logged {
            self.has_logged = true;
            let limit = self.limits.active;
            tracing::warn!(
                limit,
                "too many active alerts: further ones are only counted"
            );
        }
    }
}
