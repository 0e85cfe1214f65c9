//! A store and a channel that fail on demand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::{Instant, sleep};
use tower_vitals::Error;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Mode, Notification};
use tower_vitals::alerts::stores::{
    AlertStore, Commit, Event, HistoryPage, HistoryQuery, Queued, Saved,
};

/// The fate of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    Down,
    /// It is done after this time.
    Slow(Duration),
    Hangs,
    Refused,
    Panics,
}

/// A ledger in memory.
pub(super) struct Store {
    pub(super) ledger: Mutex<Ledger>,
    pub(super) fault: Mutex<Fault>,
    start: Instant,
}

#[derive(Default, Clone)]
pub(super) struct Ledger {
    pub(super) outbox: Vec<Queued>,
    pub(super) documents: BTreeMap<String, Vec<u8>>,
    pub(super) events: Vec<Event>,
    /// The times of the commits that were tried, and those that were done.
    pub(super) tried: Vec<Duration>,
    pub(super) commits: Vec<Commit>,
}

impl Store {
    pub(super) fn new(start: Instant) -> Arc<Self> {
        Arc::new(Self {
            ledger: Mutex::default(),
            fault: Mutex::new(Fault::None),
            start,
        })
    }

    pub(super) fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.ledger.lock().unwrap().clone()
    }

    pub(super) fn saved(&self) -> Saved {
        let ledger = self.ledger();
        let mut saved = Saved::default();
        saved.outbox = ledger.outbox;
        saved.documents = ledger.documents;
        saved
    }

    /// Adds notifications as the engine does.
    pub(super) fn queue(&self, queued: &[Queued]) {
        let mut ledger = self.ledger.lock().unwrap();
        ledger.outbox.extend_from_slice(queued);
    }

    fn apply(&self, commit: &Commit) {
        let mut ledger = self.ledger.lock().unwrap();
        for queued in &commit.queued {
            match ledger.outbox.iter_mut().find(|it| it.id == queued.id) {
                Some(known) => *known = queued.clone(),
                None => ledger.outbox.push(queued.clone()),
            }
        }
        let done: BTreeSet<_> = commit.done.iter().collect();
        ledger.outbox.retain(|it| !done.contains(&it.id));
        for (name, document) in &commit.documents {
            match document {
                Some(document) => ledger.documents.insert(name.clone(), document.clone()),
                None => ledger.documents.remove(name),
            };
        }
        ledger.events.extend_from_slice(&commit.events);
        ledger.commits.push(commit.clone());
    }
}

impl AlertStore for Store {
    fn kind(&self) -> &'static str {
        "fake"
    }

    fn load<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        Box::pin(async { Ok(self.saved()) })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        let fault = *self.fault.lock().unwrap();
        let tried = self.start.elapsed();
        self.ledger.lock().unwrap().tried.push(tried);
        let down = || std::io::Error::other("down");
        assert!(fault != Fault::Panics, "the store breaks");
        Box::pin(async move {
            match fault {
                Fault::None | Fault::Panics => {}
                Fault::Down => return Err(Error::external("the store is down", down())),
                Fault::Refused => return Err(Error::refused("the lease is over", down())),
                Fault::Slow(time) => sleep(time).await,
                Fault::Hangs => pending().await,
            }
            self.apply(commit);
            Ok(())
        })
    }

    fn history<'a>(&'a self, _: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        Box::pin(async { Ok(HistoryPage::default()) })
    }
}

/// The answer of a receiver.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Ok,
    Slow(Duration),
    Retry,
    RetryAfter(Duration),
    Reject,
    Stop,
    Hang,
    PanicAtOnce,
    Panic,
}

/// A channel that follows a script, then answers always the same.
pub(super) struct Scripted {
    pub(super) start: Instant,
    pub(super) script: Mutex<VecDeque<Answer>>,
    pub(super) always: Mutex<Answer>,
    /// Notifications of this group are always answered so.
    pub(super) poison: Mutex<Option<(&'static str, Answer)>>,
    /// The attempts.
    pub(super) sent: Mutex<Vec<(Duration, Notification)>>,
    pub(super) mode: Mode,
    pub(super) fingerprint: u64,
    pub(super) deduplicates: AtomicBool,
    /// The most attempts at the same time.
    pub(super) running: Mutex<(usize, usize)>,
}

impl Scripted {
    pub(super) fn always(&self, answer: Answer) {
        *self.always.lock().unwrap() = answer;
    }

    pub(super) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().unwrap().extend(answers);
    }

    /// The milliseconds of the attempts.
    pub(super) fn times(&self) -> Vec<u128> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|(at, _)| at.as_millis()).collect()
    }

    /// The groups of the attempts.
    pub(super) fn groups(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|(_, it)| it.group_key.clone()).collect()
    }

    pub(super) fn sent(&self) -> Vec<Notification> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|(_, it)| it.clone()).collect()
    }
}

impl Channel for Scripted {
    fn kind(&self) -> &'static str {
        "scripted"
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn deduplicates(&self) -> bool {
        self.deduplicates.load(Ordering::Relaxed)
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let attempt = (self.start.elapsed(), notification.clone());
        self.sent.lock().unwrap().push(attempt);
        let poison = self.poison.lock().unwrap().clone();
        let poison = poison.filter(|(group, _)| *group == notification.group_key);
        let next = || self.script.lock().unwrap().pop_front();
        let answer = poison.map(|(_, answer)| answer).or_else(next);
        let answer = answer.unwrap_or_else(|| self.always.lock().unwrap().clone());
        assert!(!matches!(answer, Answer::PanicAtOnce), "at once");
        let running = Running::new(&self.running);
        Box::pin(async move {
            let _running = running;
            tokio::task::yield_now().await;
            match answer {
                Answer::Ok | Answer::PanicAtOnce => Ok(()),
                Answer::Slow(time) => {
                    sleep(time).await;
                    Ok(())
                }
                Answer::Retry => Err(DeliveryError::retry("busy")),
                Answer::RetryAfter(after) => Err(DeliveryError::retry_after("busy", Some(after))),
                Answer::Reject => Err(DeliveryError::rejected("malformed")),
                Answer::Stop => Err(DeliveryError::stopped("revoked")),
                Answer::Hang => pending().await,
                Answer::Panic => panic!("while sending"),
            }
        })
    }
}

struct Running<'a>(&'a Mutex<(usize, usize)>);

impl<'a> Running<'a> {
    fn new(running: &'a Mutex<(usize, usize)>) -> Self {
        let mut now = running.lock().unwrap();
        now.0 += 1;
        now.1 = now.1.max(now.0);
        drop(now);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}
