//! `MemoryAlerts`: alerts in memory.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::alert_store::AlertStore;
use super::commit::Commit;
use super::event::Event;
use super::history_query::{HistoryPage, HistoryQuery};
use super::lease::Lease;
use super::queued::Queued;
use super::retention::Retention;
use super::saved::Saved;
use super::texts;
use crate::error::Error;

/// Keeps alerts in memory. They end with the process.
///
/// Clones share their ledgers, and lease them to one engine at a time as databases do, by the clock of tokio.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use std::time::{Duration, SystemTime};
/// use tower_vitals::alerts::stores::{AlertStore, Commit, MemoryAlerts};
///
/// let store = MemoryAlerts::new().retention(Duration::from_secs(7 * 24 * 60 * 60), 10_000);
/// let lease = store.lease("main", "shop-1", Duration::from_secs(30)).await?.expect("nobody has it");
/// let mut commit = Commit::new("main", lease, SystemTime::now());
/// commit.documents.insert("state".into(), Some(b"{}".to_vec()));
/// store.commit(&commit).await?;
/// assert_eq!(store.load("main").await?.documents["state"], b"{}");
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct MemoryAlerts {
    kept: Arc<Mutex<Kept>>,
    retention: Retention,
}

debug_fields!(MemoryAlerts { retention });

#[derive(Default)]
struct Kept {
    ledgers: BTreeMap<String, Ledger>,
    history: VecDeque<Entry>,
    /// The last position that was given in an outbox or in the history.
    last: u64,
}

#[derive(Default)]
struct Ledger {
    seen: Option<SystemTime>,
    documents: BTreeMap<String, Vec<u8>>,
    outbox: BTreeMap<u64, Queued>,
    positions: HashMap<Uuid, u64>,
    epoch: u64,
    held: Option<Held>,
}

struct Held {
    holder: String,
    /// `None` for ever.
    until: Option<Instant>,
}

struct Entry {
    position: u64,
    ledger: String,
    event: Event,
}

impl Held {
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

impl Ledger {
    fn accepts(&self, lease: Lease) -> bool {
        let is_held = self.held.as_ref().is_some_and(|held| !held.is_over());
        lease.epoch == self.epoch && (is_held || self.epoch == 0)
    }
}

impl MemoryAlerts {
    /// Keeps alerts in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the greatest age of an event of the history and the most events of all ledgers. Defaults to 30 days and 100,000
    /// events.
    #[must_use]
    pub fn retention(self, age: Duration, count: usize) -> Self {
        let retention = Retention { age, count };
        Self { retention, ..self }
    }
}

impl Kept {
    fn commit(&mut self, commit: &Commit, retention: Retention) -> Result<(), Error> {
        let ledger = self.ledgers.entry(commit.ledger.clone()).or_default();
        if !ledger.accepts(commit.lease) {
            return Err(texts::lease_is_over(&commit.ledger));
        }
        if commit.seen.is_some() {
            ledger.seen = commit.seen;
        }
        for (name, body) in &commit.documents {
            match body {
                Some(body) => ledger.documents.insert(name.clone(), body.clone()),
                None => ledger.documents.remove(name),
            };
        }
        for queued in &commit.queued {
            let position = ledger.positions.entry(queued.id).or_insert_with(|| {
                self.last += 1;
                self.last
            });
            ledger.outbox.insert(*position, queued.clone());
        }
        for done in &commit.done {
            if let Some(position) = ledger.positions.remove(done) {
                ledger.outbox.remove(&position);
            }
        }
        let known = self.known_of(commit);
        for (place, event) in commit.events.iter().enumerate() {
            if place < commit.in_doubt && known.contains(&text(event)) {
                continue;
            }
            self.last += 1;
            self.history.push_back(Entry {
                position: self.last,
                ledger: commit.ledger.clone(),
                event: event.clone(),
            });
        }
        let oldest = commit.seen.map(|seen| retention.oldest(seen));
        let is_old = |entry: &Entry| oldest.is_some_and(|oldest| entry.event.at() < oldest);
        while self.history.len() > retention.count || self.history.front().is_some_and(is_old) {
            self.history.pop_front();
        }
        Ok(())
    }

    /// The events in doubt that are in the history, as text.
    fn known_of(&self, commit: &Commit) -> HashSet<Option<String>> {
        let in_doubt = commit.events.iter().take(commit.in_doubt);
        let times: HashSet<_> = in_doubt.map(Event::at).collect();
        let is_of_them = |it: &&Entry| it.ledger == commit.ledger && times.contains(&it.event.at());
        let known = self.history.iter().filter(is_of_them);
        known.map(|it| text(&it.event)).collect()
    }

    fn history(&self, query: &HistoryQuery) -> HistoryPage {
        let matches = |entry: &&Entry| {
            (query.before).is_none_or(|before| entry.position < before)
                && (query.ledger.as_ref()).is_none_or(|ledger| *ledger == entry.ledger)
                && query.since.is_none_or(|since| since <= entry.event.at())
                && (query.alert).is_none_or(|alert| entry.event.alerts().contains(&alert))
        };
        let mut found = self.history.iter().rev().filter(matches).peekable();
        let (mut events, mut next) = (Vec::new(), None);
        while events.len() < query.limit
            && let Some(entry) = found.next()
        {
            events.push(entry.event.clone());
            next = found.peek().map(|_| entry.position);
        }
        HistoryPage::new(events, next)
    }

    fn lease(&mut self, ledger: &str, holder: &str, ttl: Duration) -> Option<Lease> {
        let ledger = self.ledgers.entry(ledger.to_owned()).or_default();
        match &ledger.held {
            Some(held) if held.holder == holder => {}
            Some(held) if !held.is_over() => return None,
            _ => ledger.epoch += 1,
        }
        ledger.held = Some(Held {
            holder: holder.to_owned(),
            until: Instant::now().checked_add(ttl),
        });
        Some(Lease::new(ledger.epoch))
    }

    fn release(&mut self, ledger: &str, lease: Lease) {
        if let Some(ledger) = self.ledgers.get_mut(ledger)
            && ledger.epoch == lease.epoch
        {
            ledger.held = None;
        }
    }
}

/// As text, because a value that is no number differs from itself.
fn text(event: &Event) -> Option<String> {
    serde_json::to_string(event).ok()
}

impl AlertStore for MemoryAlerts {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        Box::pin(async move {
            let kept = self.kept.lock();
            let saved = kept.ledgers.get(ledger).map(|ledger| Saved {
                seen: ledger.seen,
                documents: ledger.documents.clone(),
                outbox: ledger.outbox.values().cloned().collect(),
            });
            Ok(saved.unwrap_or_default())
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            texts::check(commit)?;
            self.kept.lock().commit(commit, self.retention)
        })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        Box::pin(async move { Ok(self.kept.lock().history(query)) })
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move { Ok(self.kept.lock().lease(ledger, holder, ttl)) })
    }

    fn holder<'a>(
        &'a self,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, Lease)>, Error>> {
        Box::pin(async move {
            let kept = self.kept.lock();
            let ledger = kept.ledgers.get(ledger);
            Ok(ledger.and_then(|ledger| {
                let held = ledger.held.as_ref()?;
                Some((held.holder.clone(), Lease::new(ledger.epoch)))
            }))
        })
    }

    fn release<'a>(&'a self, ledger: &'a str, lease: Lease) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.kept.lock().release(ledger, lease);
            Ok(())
        })
    }
}
