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
/// The events of an alert on a page of the history, and the most pages to its last change. Notifications are events, too.
const EVENTS: usize = 1000;
const PAGES: usize = 10;

type All = BTreeMap<Uuid, SharedEntry>;

impl Engine {
    /// Does what people asked for at other instances, and holds to the silences of all.
    pub(super) async fn share(&self, now: SystemTime) {
        if !self.is_shared() {
            return;
        }
        // A failure of the store is noted where the ledgers are held.
        let Ok(all) = self.posted().await else {
            return;
        };
        self.note(&all);
        let pending: BTreeSet<_> = all.keys().copied().collect();
        let mut over = Vec::new();
        for (id, posted) in &all {
            let is_over = match posted {
                SharedEntry::Act(act) => self.take(*id, act, &pending, now).await,
                SharedEntry::Silence(silence) => {
                    self.hold_to(*id, silence, now).await;
                    silence.is_history(now)
                }
            };
            if is_over {
                over.push(*id);
            }
        }
        self.end_unknown(&pending, now).await;
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
    async fn take(
        &self,
        id: Uuid,
        act: &SharedAct,
        pending: &BTreeSet<Uuid>,
        now: SystemTime,
    ) -> bool {
        for ledger in self.saved_ledgers() {
            if !ledger.knows(act.alert) {
                continue;
            }
            let done = ledger.act(now, |book: &mut Book, step: &mut Step| {
                if !book.has_taken(id) {
                    step.transitions.extend(act.apply(&mut book.state, now)?);
                    book.note_taken(id, pending, step);
                }
                Ok(())
            });
            if done.await.is_ok() {
                return true;
            }
        }
        // Two leases are enough for an heir of the holder.
        let since = self.shared.lock().acts.get(&id).copied();
        let is_late = since.is_some_and(|since| since.elapsed() >= self.context.lease() * 2);
        if is_late {
            let (alert, by) = (act.alert, redact(&act.by));
            tracing::warn!(
                %alert, %by, deed = ?act.deed,
                "an act on an alert is not done: no instance holds the alert in a state that allows it"
            );
        }
        is_late
    }

    /// Adds the silence to the ledgers that lack it, or ends it there.
    async fn hold_to(&self, id: Uuid, silence: &SharedSilence, now: SystemTime) {
        for ledger in self.saved_ledgers() {
            let is_there = ledger.read(|open| has(&open.book.state, id, now)) == Some(true);
            let is_meant = match &silence.target {
                SilenceTarget::Alert(alert) => ledger.knows(*alert),
                SilenceTarget::Labels(_) => true,
            };
            let changed = if silence.ended.is_some() && is_there {
                self.end(ledger, id, silence.ended.as_ref(), now).await
            } else if silence.is_wanted(now) && is_meant && !is_there {
                self.begin(ledger, id, silence, now).await
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
        now: SystemTime,
    ) -> Result<(), Error> {
        // One ledger tells of a silence of labels.
        let is_told = ledger.is_for_all() || matches!(silence.target, SilenceTarget::Alert(_));
        let change = |book: &mut Book, step: &mut Step| {
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
        ledger.act(now, change).await
    }

    async fn end(
        &self,
        ledger: &Ledger,
        id: Uuid,
        end: Option<&PersonalAct>,
        now: SystemTime,
    ) -> Result<(), Error> {
        let change = |book: &mut Book, step: &mut Step| {
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
        ledger.act(now, change).await
    }

    /// Ends the silences that are not in the store any more.
    async fn end_unknown(&self, pending: &BTreeSet<Uuid>, now: SystemTime) {
        for ledger in self.saved_ledgers() {
            let known = ledger.read(|open| {
                let origins = open.book.state.silences(now);
                let origins = origins.filter_map(|silence| silence.origin);
                origins
                    .filter(|id| !pending.contains(id))
                    .collect::<Vec<_>>()
            });
            for id in known.unwrap_or_default() {
                let ended = self.end(ledger, id, None, now).await;
                self.warn(ledger, ended);
            }
        }
    }

    fn warn(&self, ledger: &Ledger, result: Result<(), Error>) {
        let Err(error) = result else { return };
        if let Some(left_out) = self.failures.next() {
            let (ledger, error) = (ledger.name, logged(&error));
            tracing::warn!(ledger, error, left_out, "a silence is not taken over");
        }
    }

    /// The ledgers whose alerts are read from the store.
    fn saved_ledgers(&self) -> impl Iterator<Item = &Ledger> {
        self.open_ledgers()
            .filter(|ledger| !ledger.is_provisional())
    }

    /// Passes an act to the instance that holds its alert.
    pub(super) async fn forward(&self, act: SharedAct, now: SystemTime) -> Result<(), Error> {
        let tried = act.apply(&mut State::default(), now);
        // No alert is known there, so only texts can be invalid.
        if let Err(error) = tried
            && error.kind() == ErrorKind::InvalidConfig
        {
            return Err(error);
        }
        self.post(SharedEntry::Act(act)).await.map(drop)
    }

    /// Makes a silence for the alerts of all instances.
    pub(super) async fn silence(
        &self,
        silence: SharedSilence,
        now: SystemTime,
    ) -> Result<Uuid, Error> {
        silence.add(&mut State::default(), now)?;
        let id = self.post(SharedEntry::Silence(silence)).await?;
        self.share(now).await;
        Ok(id)
    }

    /// Ends a silence of all instances. Returns whether there was one.
    pub(super) async fn end_silence(
        &self,
        id: Uuid,
        by: PersonalAct,
        now: SystemTime,
    ) -> Result<bool, Error> {
        let Some(SharedEntry::Silence(mut silence)) = self.posted().await?.remove(&id) else {
            return Ok(false);
        };
        if !silence.is_wanted(now) {
            return Ok(false);
        }
        silence.ended = Some(by);
        self.put(id, &SharedEntry::Silence(silence)).await?;
        self.share(now).await;
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
