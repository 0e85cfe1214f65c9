//! `Book`: the alerts of one ledger, without I/O.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::context::Context;
use super::forgotten::Forgotten;
use super::inbox::{Inbox, Request};
use super::posted::Posted;
use crate::alerts::channels::{Notification, NotifiedAlert};
use crate::alerts::notify::{Notifier, NotifierState, Policy};
use crate::alerts::outcome::Outcome;
use crate::alerts::rule::Rule;
use crate::alerts::slo::{SloAlert, SloBook, SloStatus};
use crate::alerts::state::{Alert, AlertState, Limits, RuleHead, State, Transition};
use crate::alerts::stores::{Event, Queued, Saved};
use crate::error::{Error, logged};
use crate::exporter::Snapshot;

const STATE: &str = "state";
const NOTIFIER: &str = "notifier";
const SLOS: &str = "slo";
const TAKEN: &str = "taken";
const OWNER: &str = "owner";
const FORGOTTEN: &str = "forgotten";

/// The counts of SLOs change with each evaluation, and are saved this often.
const SLOS_EVERY: Duration = Duration::from_secs(60);

/// The alerts of one ledger, and what was announced of them.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) state: State,
    pub(super) notifier: Notifier,
    posted: Posted,
    context: Arc<Context>,
    /// The instance whose alerts these are, as it was named first. `None` for those that instances share.
    owner: Option<String>,
    is_owner_saved: bool,
    forgotten: Forgotten,
    pub(super) slos: SloBook,
    slos_saved: Option<SystemTime>,
    /// The acts of other instances that were taken and may be asked for again.
    taken: BTreeSet<Uuid>,
    /// The revision that was saved last.
    saved_state: Option<u64>,
    /// What code asked for, while the book is in memory.
    kept: Option<Inbox>,
}

/// What one step changed.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) transitions: Vec<Transition>,
    pub(super) events: Vec<Event>,
    pub(super) queued: Vec<Queued>,
    pub(super) documents: BTreeMap<String, Option<Vec<u8>>>,
}

impl Book {
    /// A new book, or the one that was saved.
    pub(super) fn open(
        context: Arc<Context>,
        policies: Vec<Policy>,
        limits: Limits,
        saved: &Saved,
        now: SystemTime,
    ) -> Result<Self, Error> {
        let owner = match saved.documents.get(OWNER) {
            Some(text) => {
                serde_json::from_slice(text).map_err(|error| unreadable(OWNER, &error))?
            }
            None => Some(context.instance.clone()),
        };
        let mut state = State::default();
        if let Some(text) = saved.documents.get(STATE) {
            state = serde_json::from_slice(text).map_err(|error| unreadable(STATE, &error))?;
            if let Some(seen) = saved.seen {
                state.set_seen(seen);
            }
        }
        // The store keeps the history.
        state.set_limits(Limits {
            history: 0,
            ..limits
        });
        let told = match saved.documents.get(NOTIFIER) {
            Some(text) => {
                serde_json::from_slice(text).map_err(|error| unreadable(NOTIFIER, &error))?
            }
            None => NotifierState::default(),
        };
        let mut notifier = Notifier::restored(policies, told)?;
        notifier.set_limit(limits.active.saturating_mul(2));
        let slos = match saved.documents.get(SLOS) {
            Some(text) => serde_json::from_slice(text).map_err(|error| unreadable(SLOS, &error))?,
            None => SloBook::default(),
        };
        let taken = match saved.documents.get(TAKEN) {
            Some(text) => {
                serde_json::from_slice(text).map_err(|error| unreadable(TAKEN, &error))?
            }
            None => BTreeSet::new(),
        };
        let forgotten = match saved.documents.get(FORGOTTEN) {
            Some(text) => {
                serde_json::from_slice(text).map_err(|error| unreadable(FORGOTTEN, &error))?
            }
            None => Forgotten::default(),
        };
        let (of_rules, of_code) = context.added_labels();
        state.set_added_labels(of_rules, of_code);
        state.resume(now);
        Ok(Self {
            state,
            notifier,
            posted: Posted::default(),
            context,
            owner,
            is_owner_saved: saved.documents.contains_key(OWNER),
            forgotten,
            slos,
            slos_saved: None,
            taken,
            saved_state: None,
            kept: None,
        })
    }

    /// Takes the evaluation of a rule.
    pub(super) fn evaluate(
        &mut self,
        rule: &Rule,
        outcome: Outcome<'_, '_>,
        now: SystemTime,
        step: &mut Step,
    ) -> Result<(), Error> {
        let failure = match outcome {
            Outcome::Failed(error) => Some(logged(error)),
            _ => None,
        };
        let head = RuleHead::of(rule, self.context.interval);
        let transitions = self.state.take(&head, outcome, now)?;
        step.transitions.extend(transitions);
        failure.map_or(Ok(()), |message| {
            Err(Error::external("the rule was not evaluated", message))
        })
    }

    /// Counts the events of the SLOs, and judges them.
    pub(super) fn judge_slos(
        &mut self,
        snapshot: &Snapshot,
        now: SystemTime,
        step: &mut Step,
    ) -> Vec<SloStatus> {
        let context = Arc::clone(&self.context);
        if context.slos.is_empty() {
            return Vec::new();
        }
        self.slos.observe(&context.slos, snapshot, now);
        let age = self.slos_saved.map(|saved| now.duration_since(saved));
        // Also after a step back of the clock, which may be far.
        if age.is_none_or(|age| age.map_or(true, |age| age >= SLOS_EVERY)) {
            self.save_slos(now, step);
        }
        let mut statuses = Vec::new();
        for slo in context.slos.iter() {
            let status = self.slos.evaluate(slo, now);
            for alert in context
                .slo_alerts
                .iter()
                .filter(|alert| alert.slo == slo.name)
            {
                self.judge_slo(alert, &status, now, step);
            }
            statuses.push(status);
        }
        statuses
    }

    /// Saves the counts of the SLOs.
    pub(super) fn save_slos(&mut self, now: SystemTime, step: &mut Step) {
        if !self.context.slos.is_empty() {
            self.slos_saved = Some(now);
            step.put(SLOS, &self.slos);
        }
    }

    /// Goes on with the totals that this process has counted, so that no event is counted twice.
    pub(super) fn count_on_from(&mut self, counted: &SloBook) {
        self.slos.count_on_from(counted);
    }

    pub(super) fn into_counted(self) -> SloBook {
        self.slos
    }

    fn judge_slo(
        &mut self,
        alert: &SloAlert,
        status: &SloStatus,
        now: SystemTime,
        step: &mut Step,
    ) {
        let transitions = self
            .state
            .evaluate(&alert.head(), alert.evaluate(status), now);
        // Its one result cannot be there twice.
        step.transitions.extend(transitions.unwrap_or_default());
    }

    /// Does what code asked for. An alert that fires and is cleared at once is seen firing in between, so that it is told if it does
    /// not wait for its group. Only the order of one alert's requests matters, so all alerts have that moment in common.
    pub(super) fn take(&mut self, requests: Vec<Request>, now: SystemTime, step: &mut Step) {
        let (mut fired, mut late) = (HashSet::new(), HashSet::new());
        let mut later = Vec::new();
        for request in requests {
            let id = request.id();
            let is_clear = matches!(request, Request::Clear(_));
            if late.contains(&id) || (is_clear && fired.contains(&id)) {
                late.insert(id);
                later.push(request);
            } else {
                let transitions = self.ask(request, now);
                if transitions.iter().any(|it| it.to == AlertState::Firing) {
                    fired.insert(id);
                }
                step.transitions.extend(transitions);
            }
        }
        if later.is_empty() {
            return;
        }
        self.tell(now, step);
        for request in later {
            let transitions = self.ask(request, now);
            step.transitions.extend(transitions);
        }
    }

    /// Whether an act of another instance is done.
    pub(super) fn has_taken(&self, id: Uuid) -> bool {
        self.taken.contains(&id)
    }

    /// Notes that an act of another instance is done, and forgets those that nobody asks for any more.
    pub(super) fn note_taken(&mut self, id: Uuid, pending: &BTreeSet<Uuid>, step: &mut Step) {
        self.taken.retain(|known| pending.contains(known));
        self.taken.insert(id);
        step.put(TAKEN, &self.taken);
    }

    fn ask(&mut self, request: Request, now: SystemTime) -> Vec<Transition> {
        if let Some(kept) = &self.kept {
            kept.put(request.clone());
        }
        match request {
            Request::Fire(alert) => {
                if let Some(known) = self.state.fired(alert.id())
                    && known.state == AlertState::Firing
                    && known.level != alert.level
                {
                    self.forgotten.end(known, &self.context, now);
                }
                self.state.fire(alert, now)
            }
            Request::Clear(id) => self.state.clear(id, now),
        }
    }

    /// The alerts are those of all instances.
    pub(super) fn share(&mut self) {
        self.owner = None;
        self.is_owner_saved = true;
    }

    /// Keeps what code asks for from now on.
    pub(super) fn keep_requests(&mut self) {
        self.kept = Some(Inbox::default());
    }

    pub(super) fn kept_requests(&self) -> Vec<Request> {
        let kept = self.kept.as_ref().map(Inbox::take).unwrap_or_default();
        // An alert that ended meanwhile was told already, so only the last request of each alert counts.
        let mut known = HashSet::new();
        let last = kept.into_iter().rev();
        let mut last: Vec<_> = last.filter(|request| known.insert(request.id())).collect();
        last.reverse();
        last
    }

    /// Forgets the rules that are not there any more: their alerts end.
    pub(super) fn forget_rules(&mut self, now: SystemTime, step: &mut Step) {
        let is_gone = |name: &&str| !self.context.has_rule(name);
        let gone = self.state.rule_names().filter(is_gone);
        for name in gone.map(str::to_owned).collect::<Vec<_>>() {
            step.transitions.extend(self.state.remove_rule(&name, now));
        }
    }

    /// Does what time decides, and asks for the notifications that are due. Every step ends with this.
    pub(super) fn finish(&mut self, now: SystemTime, step: &mut Step) {
        step.transitions.extend(self.state.tick(now));
        if self.context.posts_alerts {
            let (state, context) = (&self.state, &self.context);
            if self.forgotten.note(&step.transitions, state, context, now) {
                step.put(FORGOTTEN, &self.forgotten);
            }
        }
        let transitions = step.transitions.iter().cloned().map(Event::Transition);
        step.events.extend(transitions);
        self.tell(now, step);
        let revision = Some(self.state.revision());
        if self.saved_state != revision {
            self.saved_state = revision;
            step.put(STATE, &self.state);
        }
        if !self.is_owner_saved && !step.documents.is_empty() {
            self.is_owner_saved = true;
            step.put(OWNER, &self.owner);
        }
    }

    /// Asks for the notifications that are due.
    fn tell(&mut self, now: SystemTime, step: &mut Step) {
        let context = Arc::clone(&self.context);
        let describe = |alert: &_| context.describe(alert);
        let told = self.notifier.tick(&self.state, &describe, now);
        step.events.extend(told.events);
        let events = std::mem::take(&mut step.events);
        step.events = events.into_iter().map(Event::redacted).collect();
        let queued = told
            .queued
            .into_iter()
            .map(|(channel, notification)| Queued::new(channel, self.signed(notification)));
        step.queued.extend(queued);
        if told.is_changed {
            step.put(NOTIFIER, self.notifier.state());
        }
    }

    /// The alerts for receivers that group and deduplicate themselves.
    pub(super) fn posted(&self, now: SystemTime) -> Vec<NotifiedAlert> {
        let (state, context) = (&self.state, &self.context);
        self.posted.alerts(state, &self.forgotten, context, now)
    }

    /// Whether this service tells of an alert.
    pub(super) fn announces(&self, alert: &Alert) -> bool {
        self.context.announces(alert)
    }

    /// With the names of service and instance.
    pub(super) fn signed(&self, mut notification: Notification) -> Notification {
        let context = &self.context;
        notification.service.clone_from(&context.service);
        notification.instance = Some(context.instance.clone());
        notification.owner.clone_from(&self.owner);
        notification.external_url.clone_from(&context.external_url);
        notification
    }
}

impl Step {
    fn put(&mut self, name: &str, document: &impl serde::Serialize) {
        match serde_json::to_vec(document) {
            Ok(text) => drop(self.documents.insert(name.into(), Some(text))),
            // Cannot happen: all keys are texts. The ledger keeps the document that it has.
            Err(error) => {
                tracing::error!(%error, name, "a document of the alerts cannot be written");
            }
        }
    }
}

fn unreadable(name: &str, error: &serde_json::Error) -> Error {
    Error::invalid(format!(
        "the document {name:?} of the alerts cannot be read ({error}): it may be of a newer version"
    ))
}
