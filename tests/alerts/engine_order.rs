//! Steps that wait for each other: their times are in order, and an engine that ended takes nothing up.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::sleep;
use tower_vitals::alerts::state::{Matcher, SilenceTarget};
use tower_vitals::alerts::stores::{
    AlertStore, Commit, Event, HistoryPage, HistoryQuery, Lease, MemoryAlerts, Saved,
};
use tower_vitals::alerts::{Alert, Alerts};
use tower_vitals::{Error, Prometheus};

/// Memory whose commits and leases wait while it is closed.
#[derive(Clone)]
struct Gate {
    memory: MemoryAlerts,
    is_shared: bool,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new(is_shared: bool) -> Self {
        Self {
            memory: MemoryAlerts::new(),
            is_shared,
            open: Arc::new(Semaphore::new(1)),
        }
    }

    async fn pass(&self) {
        drop(self.open.acquire().await.unwrap());
    }
}

impl AlertStore for Gate {
    fn kind(&self) -> &'static str {
        "gate"
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        self.memory.load(ledger)
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            self.pass().await;
            self.memory.commit(commit).await
        })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        self.memory.history(query)
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            self.pass().await;
            self.memory.lease(ledger, holder, ttl).await
        })
    }

    fn release<'a>(&'a self, ledger: &'a str, lease: Lease) -> BoxFuture<'a, Result<(), Error>> {
        self.memory.release(ledger, lease)
    }
}

/// Lets the other tasks go on as far as they can.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// A time that is later than that of all that began before.
async fn moment() -> SystemTime {
    settle().await;
    let before = SystemTime::now();
    loop {
        let now = SystemTime::now();
        if now > before {
            return now;
        }
    }
}

async fn silence(alerts: Alerts, component: &'static str) {
    let target = SilenceTarget::Labels(vec![Matcher::equal("component", component)]);
    let until = SystemTime::now() + Duration::from_secs(600);
    alerts.suppress(target, until, "ann", None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_step_that_waited_for_another_has_a_later_time() {
    let store = Gate::new(false);
    let interval = Duration::from_secs(3_600);
    let builder = Alerts::builder().store(store.clone()).interval(interval);
    let alerts = builder.run().unwrap();
    sleep(Duration::from_secs(1)).await;
    let closed = store.open.acquire().await.unwrap();
    // The first waits for the store, and the others for the first.
    let first = tokio::spawn(silence(alerts.clone(), "a"));
    settle().await;
    let id = alerts.fire(Alert::critical("odd"));
    settle().await;
    let second = tokio::spawn(silence(alerts.clone(), "b"));
    let opened = moment().await;
    drop(closed);
    first.await.unwrap();
    second.await.unwrap();
    assert!(alerts.knows(id));
    let query = HistoryQuery::latest(10);
    let events = alerts.history(&query).await.unwrap().events;
    let of_alert = |event: &Event| match event {
        Event::Transition(transition) => Some(transition.at),
        _ => None,
    };
    let fired = events.iter().find_map(of_alert).unwrap();
    assert!(fired >= opened, "the alert fired too early");
    let created = alerts.silences().into_iter().map(|it| it.created_at);
    let last = created.max().unwrap();
    assert!(last >= opened, "the silence began too early");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_ended_takes_no_ledger() {
    let store = Gate::new(true);
    let builder = Alerts::builder().store(store.clone()).instance("shop-1");
    let alerts = builder.manual().run().unwrap();
    let closed = store.open.acquire().await.unwrap();
    let snapshot = Prometheus::builder().build().unwrap().snapshot();
    let engine = alerts.clone();
    let evaluation = tokio::spawn(async move {
        let done = engine.evaluate_at(&snapshot, SystemTime::now()).await;
        done.map(|changes| changes.len())
    });
    settle().await;
    alerts.shutdown(Duration::from_secs(1)).await;
    drop(closed);
    assert_eq!(evaluation.await.unwrap().unwrap(), 0);
    let minute = Duration::from_secs(60);
    for ledger in ["instance:shop-1", "shared"] {
        let lease = store.lease(ledger, "other", minute).await.unwrap();
        assert_eq!(lease.is_some(), ledger == "shared", "{ledger}");
    }
}
