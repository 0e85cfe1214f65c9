//! Acts and silences for the alerts of all instances that share a store. They are documents of a ledger that nobody leases.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use uuid::Uuid;

use super::book::{Book, Step};
use super::engine::Engine;
use super::ledger::Ledger;
use super::shared_entry::{SharedAct, SharedEntry, SharedSilence};
use super::store_call::call_store;
use super::when::When;
use crate::alerts::state::{AlertId, PersonalAct, SilenceTarget, State};
use crate::alerts::stores::{Commit, Event, HistoryQuery, Lease, SilenceEvent};
use crate::error::{Error, ErrorKind, logged};
use crate::redact::redact;

/// The ledger that all instances write.
const LEDGER: &str = "acts";
/// The most acts and silences in it.
const MAX: usize = 1000;
/// The ledger of no engine is removed after 30 days without a write.
const TOUCH: Duration = Duration::from_secs(24 * 60 * 60);
/// An act on an alert of an instance that does not come back is dropped after this time.
const OLDEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The events of an alert on a page of the history, and the most pages to its last change. Notifications are events, too.
const EVENTS: usize = 1000;
const PAGES: usize = 10;

type All = BTreeMap<Uuid, SharedEntry>;

impl Engine {
    /// Does what people asked for at other instances, and holds to the silences of all.
    pub(super) async fn share(&self, when: When) {
        if !self.is_shared() {
            return;
        }
        // A failure of the store is noted where the ledgers are held.
        let Ok(all) = self.posted().await else {
            return;
        };
        let now = when.read();
        self.note(&all);
        let pending: BTreeSet<_> = all.keys().copied().collect();
        let mut over = Vec::new();
        for (id, posted) in &all {
            let is_over = match posted {
                SharedEntry::Act(act) => self.take(*id, act, &pending, when).await,
                SharedEntry::Silence(silence) => {
                    self.hold_to(*id, silence, when).await;
                    silence.is_history(now)
                }
            };
            if is_over {
                over.push(*id);
            }
        }
        self.end_unknown(&pending, when).await;
        let is_due = |touched: Option<Instant>| touched.is_none_or(|it| it.elapsed() >= TOUCH);
        if over.is_empty() && (all.is_empty() || !is_due(self.shared.lock().touched)) {
            return;
        }
        let removed = over.into_iter().map(|id| (id.to_string(), None));
        if self.write(removed.collect()).await.is_ok() {
            self.shared.lock().touched = Some(Instant::now());
        }
    }

    fn note(&self, all: &All) {
        let mut shared = self.shared.lock();
        shared.silences.clear();
        for (id, posted) in all {
            match posted {
                SharedEntry::Act(_) => {
                    shared.acts.entry(*id).or_insert_with(Instant::now);
                }
                SharedEntry::Silence(silence) => {
                    shared.silences.insert(*id, silence.clone());
                }
            }
        }
        shared.acts.retain(|id, _| all.contains_key(id));
    }

    /// Does an act on an alert that this engine holds. Returns whether nobody needs to see the act any more.
    async fn take(&self, id: Uuid, act: &SharedAct, pending: &BTreeSet<Uuid>, when: When) -> bool {
        for ledger in self.saved_ledgers() {
            if !ledger.knows(act.alert) {
                continue;
            }
            let done = ledger.act_at(when, |book: &mut Book, step: &mut Step, now| {
                if book.has_taken(id) {
                    return Ok(true);
                }
                let Ok(transitions) = act.apply(&mut book.state, now) else {
                    return Ok(false);
                };
                step.transitions.extend(transitions);
                book.note_taken(id, pending, step);
                Ok(true)
            });
            match done.await {
                Ok(true) => return true,
                // Its alert does not allow it, but one of the same id at another instance may.
                Ok(false) => {}
                // The next look tries again, here or at an heir of the ledger.
                Err(_) => return false,
            }
        }
        // Two leases are enough for an heir of the holder.
        let since = self.shared.lock().acts.get(&id).copied();
        let is_late = since.is_some_and(|since| since.elapsed() >= self.context.lease() * 2);
        if !is_late || self.may_be_done(id, act.alert, when.read()).await {
            return false;
        }
        let (alert, by) = (act.alert, redact(&act.by));
        tracing::warn!(
            %alert, %by, deed = ?act.deed,
            "an act on an alert is not done: no instance holds the alert in a state that allows it"
        );
        true
    }

    /// Whether an alert is active yet at an instance that may have lost the store, so that it does the act later.
    async fn may_be_done(&self, id: Uuid, alert: AlertId, now: SystemTime) -> bool {
        let posted = id.get_timestamp().map(|time| time.to_unix());
        let posted = posted.and_then(|(seconds, nanos)| {
            SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
        });
        let age = posted.and_then(|posted| now.duration_since(posted).ok());
        let may =
            age.is_none_or(|age| age < OLDEST) && self.is_elsewhere(alert).await.unwrap_or(true);
        if may {
            // The history is read again after two leases.
            self.shared.lock().acts.insert(id, Instant::now());
        }
        may
    }

    /// Adds the silence to the ledgers that lack it, or ends it there.
    async fn hold_to(&self, id: Uuid, silence: &SharedSilence, when: When) {
        let now = when.read();
        for ledger in self.saved_ledgers() {
            let is_there = ledger.read(|open| has(&open.book.state, id, now)) == Some(true);
            let is_meant = match &silence.target {
                SilenceTarget::Alert(alert) => ledger.knows(*alert),
                SilenceTarget::Labels(_) => true,
            };
            let changed = if silence.ended.is_some() && is_there {
                self.end(ledger, id, silence.ended.as_ref(), when).await
            } else if silence.is_wanted(now) && is_meant && !is_there {
                self.begin(ledger, id, silence, when).await
            } else {
                continue;
            };
            self.warn(ledger, changed);
        }
    }

    async fn begin(
        &self,
        ledger: &Ledger,
        id: Uuid,
        silence: &SharedSilence,
        when: When,
    ) -> Result<(), Error> {
        // One ledger tells of a silence of labels.
        let is_told = !ledger.is_sole() || matches!(silence.target, SilenceTarget::Alert(_));
        let change = |book: &mut Book, step: &mut Step, now: SystemTime| {
            if has(&book.state, id, now) {
                return Ok(());
            }
            let number = silence.add(&mut book.state, now)?;
            let began = book.state.share_silence(number, id, is_told);
            // The notifier writes the begins of those that recur.
            let began = began.filter(|it| is_told && it.recurrence.is_none());
            step.events.extend(began.map(|silence| {
                Event::Silence(SilenceEvent {
                    at: now,
                    silence,
                    began: true,
                    ended_by: None,
                })
            }));
            Ok(())
        };
        ledger.act_at(when, change).await
    }

    async fn end(
        &self,
        ledger: &Ledger,
        id: Uuid,
        end: Option<&PersonalAct>,
        when: When,
    ) -> Result<(), Error> {
        let change = |book: &mut Book, step: &mut Step, now: SystemTime| {
            let ended = book.state.unshare_silence(id, now);
            step.events
                .extend(ended.filter(|it| it.is_told).map(|silence| {
                    Event::Silence(SilenceEvent {
                        at: now,
                        silence,
                        began: false,
                        ended_by: end.map(|end| end.by.clone()),
                    })
                }));
            Ok(())
        };
        ledger.act_at(when, change).await
    }

    /// Ends the silences that are not in the store any more.
    async fn end_unknown(&self, pending: &BTreeSet<Uuid>, when: When) {
        let now = when.read();
        for ledger in self.saved_ledgers() {
            let known = ledger.read(|open| {
                let origins = open.book.state.silences(now);
                let origins = origins.filter_map(|silence| silence.origin);
                origins
                    .filter(|id| !pending.contains(id))
                    .collect::<Vec<_>>()
            });
            for id in known.unwrap_or_default() {
                let ended = self.end(ledger, id, None, when).await;
                self.warn(ledger, ended);
            }
        }
    }

    fn warn(&self, ledger: &Ledger, result: Result<(), Error>) {
        let Err(error) = result else { return };
        if let Some(left_out) = self.failures.next() {
            let (ledger, error) = (ledger.name(), logged(&error));
            tracing::warn!(ledger, error, left_out, "a silence is not taken over");
        }
    }

    /// The ledgers whose alerts are read from the store.
    fn saved_ledgers(&self) -> impl Iterator<Item = &Ledger> {
        self.open_ledgers()
            .filter(|ledger| !ledger.is_provisional())
    }

    /// Passes an act to the instance that holds its alert.
    pub(super) async fn forward(&self, act: SharedAct) -> Result<(), Error> {
        let tried = act.apply(&mut State::default(), SystemTime::now());
        // No alert is known there, so only texts can be invalid.
        if let Err(error) = tried
            && error.kind() == ErrorKind::InvalidConfig
        {
            return Err(error);
        }
        self.post(SharedEntry::Act(act)).await.map(drop)
    }

    /// Makes a silence for the alerts of all instances.
    pub(super) async fn silence(&self, silence: SharedSilence) -> Result<Uuid, Error> {
        silence.add(&mut State::default(), silence.made.at)?;
        let id = self.post(SharedEntry::Silence(silence)).await?;
        self.share(When::Now).await;
        Ok(id)
    }

    /// Ends a silence of all instances. Returns whether there was one.
    pub(super) async fn end_silence(&self, id: Uuid, by: &str) -> Result<bool, Error> {
        let now = SystemTime::now();
        let Some(SharedEntry::Silence(mut silence)) = self.posted().await?.remove(&id) else {
            return Ok(false);
        };
        if !silence.is_wanted(now) {
            return Ok(false);
        }
        silence.ended = Some(PersonalAct::new(by, None, now));
        self.put(id, &SharedEntry::Silence(silence)).await?;
        self.share(When::Now).await;
        Ok(true)
    }

    /// The silences of all instances, as of the last look.
    pub(super) fn shared_silences(&self, now: SystemTime) -> Vec<(Uuid, SharedSilence)> {
        let shared = self.shared.lock();
        let wanted = shared.silences.iter();
        let wanted = wanted.filter(|(_, silence)| silence.is_wanted(now));
        wanted.map(|(id, silence)| (*id, silence.clone())).collect()
    }

    /// Whether an alert is pending or fires at another instance: the history knows its last change.
    pub(super) async fn is_elsewhere(&self, alert: AlertId) -> Result<bool, Error> {
        if !self.is_shared() {
            return Ok(false);
        }
        let mut query = HistoryQuery::latest(EVENTS);
        query.alert = Some(alert);
        for _ in 0..PAGES {
            let page = self.history(&query).await?;
            let last = page.events.iter().find_map(|event| match event {
                Event::Transition(transition) => Some(transition.to.is_active()),
                _ => None,
            });
            if last.is_some() || page.next.is_none() {
                return Ok(last == Some(true));
            }
            query.before = page.next;
        }
        Ok(false)
    }

    async fn posted(&self) -> Result<All, Error> {
        let saved = call_store(&*self.store, |store| store.load(LEDGER)).await?;
        let documents = saved.documents.into_iter();
        // A newer version of the crate may write others.
        let posted = documents.filter_map(|(name, body)| {
            Some((name.parse().ok()?, serde_json::from_slice(&body).ok()?))
        });
        Ok(posted.collect())
    }

    async fn post(&self, posted: SharedEntry) -> Result<Uuid, Error> {
        if self.posted().await?.len() >= MAX {
            let message =
                format!("{MAX} acts and silences wait for other instances, the most allowed");
            return Err(Error::new(ErrorKind::Refused, message));
        }
        let id = Uuid::now_v7();
        self.put(id, &posted).await?;
        Ok(id)
    }

    async fn put(&self, id: Uuid, posted: &SharedEntry) -> Result<(), Error> {
        let body = serde_json::to_vec(posted)
            .map_err(|error| Error::external("an act cannot be written", error.to_string()))?;
        self.write([(id.to_string(), Some(body))].into()).await
    }

    async fn write(&self, documents: BTreeMap<String, Option<Vec<u8>>>) -> Result<(), Error> {
        let mut commit = Commit::new(LEDGER, Lease::endless(), None);
        commit.documents = documents;
        call_store(&*self.store, |store| store.commit(&commit)).await
    }
}

fn has(state: &State, id: Uuid, now: SystemTime) -> bool {
    state
        .silences(now)
        .any(|silence| silence.origin == Some(id))
}
