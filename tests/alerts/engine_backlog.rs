//! The store was away until as many events wait as the engine keeps: it then takes all of them, each once, within its own timeouts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tower_vitals::alerts::stores::{
    AlertStore, Commit, Event, HistoryPage, HistoryQuery, Lease, Saved,
};
use tower_vitals::alerts::{Alert, Alerts, Receiver};
use tower_vitals::{Error, Prometheus};

use super::kept::Kept;

const MAX_EVENTS: usize = 50_000;
const ALERTS: usize = 5_000;

/// Another store that can be away, also for the answer of a commit only.
#[derive(Clone)]
struct Faulty(Arc<Inner>);

struct Inner {
    store: Box<dyn AlertStore>,
    is_away: AtomicBool,
    loses_answer: AtomicBool,
    /// The events of the commits that were tried while the store was there, and their duration.
    commits: Mutex<Vec<(usize, Duration)>>,
}

impl Faulty {
    fn new(store: impl AlertStore) -> Self {
        Self(Arc::new(Inner {
            store: Box::new(store),
            is_away: AtomicBool::new(false),
            loses_answer: AtomicBool::new(false),
            commits: Mutex::default(),
        }))
    }
}

fn away<T>() -> Result<T, Error> {
    Err(Error::external(
        "the store is away",
        std::io::Error::other("away"),
    ))
}

impl AlertStore for Faulty {
    fn kind(&self) -> &'static str {
        self.0.store.kind()
    }

    fn is_shared(&self) -> bool {
        self.0.store.is_shared()
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        self.0.store.load(ledger)
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            if self.0.is_away.load(Ordering::Relaxed) {
                return away();
            }
            let start = Instant::now();
            let result = self.0.store.commit(commit).await;
            let commits = &self.0.commits;
            commits.lock().push((commit.events.len(), start.elapsed()));
            let is_lost =
                commit.events.len() > 1 && self.0.loses_answer.swap(false, Ordering::Relaxed);
            if is_lost { away() } else { result }
        })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        self.0.store.history(query)
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        self.0.store.lease(ledger, holder, ttl)
    }

    fn release<'a>(&'a self, ledger: &'a str, lease: Lease) -> BoxFuture<'a, Result<(), Error>> {
        self.0.store.release(ledger, lease)
    }
}

async fn all_events_are_taken(store: impl AlertStore) {
    let store = Faulty::new(store);
    let metrics = Prometheus::builder().build().unwrap();
    let receiver = Receiver::new("kept", Kept::default())
        .group_by(["alertname"])
        .group_wait(Duration::ZERO)
        .cooldown(Duration::ZERO);
    let builder = Alerts::builder().channel(receiver).store(store.clone());
    let builder = builder.instance("shop-1").metrics(metrics.clone());
    let alerts = builder.manual().run().unwrap();
    let start = SystemTime::now();
    let evaluate = async |round: u32| {
        let now = start + Duration::from_secs(15) * round;
        alerts.evaluate_at(&metrics.snapshot(), now).await
    };
    evaluate(0).await.unwrap();
    store.0.is_away.store(true, Ordering::Relaxed);
    let rounds = u32::try_from(MAX_EVENTS / ALERTS).unwrap();
    for round in 1..=rounds {
        for number in 0..ALERTS {
            let alert = Alert::error("it is odd").name("Odd");
            let alert = alert.component(number.to_string());
            if round % 2 == 1 {
                alerts.fire(alert);
            } else {
                alerts.clear(alert.id());
            }
        }
        evaluate(round).await.unwrap_err();
    }
    store.0.is_away.store(false, Ordering::Relaxed);
    store.0.loses_answer.store(true, Ordering::Relaxed);
    // The answer of one commit is lost, so a second evaluation writes its events again.
    evaluate(rounds + 1).await.unwrap_err();
    evaluate(rounds + 2).await.unwrap();
    let commits = store.0.commits.lock().clone();
    println!("commits, each with its events and its duration: {commits:?}");
    assert_eq!(alerts.stats().dropped_events, 0);

    let mut query = HistoryQuery::latest(10_000);
    let mut transitions = 0;
    let mut last = BTreeMap::new();
    loop {
        let page = store.history(&query).await.unwrap();
        // The latest first: each alert goes from resolved to firing and back.
        for event in &page.events {
            if let Event::Transition(it) = event {
                transitions += 1;
                let later = last.insert(it.alert, (it.from, it.at));
                assert!(
                    later.is_none_or(|(_, at)| it.at < at),
                    "{it:?} is there twice"
                );
            }
        }
        query.before = page.next;
        if query.before.is_none() {
            break;
        }
    }
    // Some of the events are of notifications, which take the place of the oldest transitions.
    let lost = MAX_EVENTS - transitions;
    assert_eq!(lost, 0);
    let longest = commits.iter().map(|(_, took)| *took).max().unwrap();
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}

#[cfg(feature = "alerts-sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_takes_all_events_of_a_long_outage() {
    use tower_vitals::alerts::stores::SqliteAlerts;

    let file = crate::stores::SqliteFile::new("backlog");
    all_events_are_taken(SqliteAlerts::open(&file.0)).await;
}

#[cfg(feature = "alerts-postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn postgres_takes_all_events_of_a_long_outage() {
    use tower_vitals::alerts::stores::PostgresAlerts;

    let database = crate::stores::Database::new("backlog").await;
    all_events_are_taken(PostgresAlerts::url(&database.url()).unwrap()).await;
}
