//! A store that is away, whose answers are lost, or that hangs: each change is stored once, and each notification is sent once.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};
use tower_vitals::alerts::state::{AlertId, CodeAlert};
use tower_vitals::alerts::stores::{
    AlertStore, Commit, DeliveryResult, Event, HistoryPage, HistoryQuery, Lease, MemoryAlerts,
    Saved,
};
use tower_vitals::alerts::{Alert, Alerts, Receiver};
use tower_vitals::{Error, Prometheus};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// Each call fails.
    Down,
    /// Commits are done, and their answers are lost.
    Unanswered,
    /// Commits do not end.
    Hangs,
    /// Commits, leases and releases do not end.
    Stuck,
    /// The ledger is read once more, and then not any more.
    ReadsOnce,
    ReadsFail,
}

#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) inner: MemoryAlerts,
    fault: Arc<Mutex<Fault>>,
    largest: Arc<Mutex<Largest>>,
}

/// The most that one commit had, whether it was written or not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Largest {
    pub(super) events: usize,
    pub(super) queued: usize,
    pub(super) done: usize,
}

impl Largest {
    fn see(&mut self, commit: &Commit) {
        self.events = self.events.max(commit.events.len());
        self.queued = self.queued.max(commit.queued.len());
        self.done = self.done.max(commit.done.len());
    }
}

impl Faulty {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryAlerts::new().retention(Duration::MAX, usize::MAX),
            fault: Arc::new(Mutex::new(Fault::None)),
            largest: Arc::default(),
        }
    }

    pub(crate) fn largest(&self) -> Largest {
        *self.largest.lock()
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock() = fault;
    }

    fn note_read(&self) -> Result<(), Error> {
        let mut fault = self.fault.lock();
        match *fault {
            Fault::ReadsOnce => *fault = Fault::ReadsFail,
            Fault::ReadsFail => return Err(away()),
            _ => {}
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        match *self.fault.lock() {
            Fault::Down => Err(away()),
            _ => Ok(()),
        }
    }
}

fn away() -> Error {
    Error::external("the store is away", std::io::Error::other("down"))
}

impl AlertStore for Faulty {
    fn kind(&self) -> &'static str {
        "faulty"
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        Box::pin(async {
            self.check()?;
            self.note_read()?;
            self.inner.load(ledger).await
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            self.largest.lock().see(commit);
            let fault = *self.fault.lock();
            match fault {
                Fault::None | Fault::ReadsOnce | Fault::ReadsFail => {
                    self.inner.commit(commit).await
                }
                Fault::Down => Err(away()),
                Fault::Unanswered => {
                    self.inner.commit(commit).await?;
                    Err(away())
                }
                Fault::Hangs | Fault::Stuck => pending().await,
            }
        })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        self.inner.history(query)
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            self.check()?;
            if *self.fault.lock() == Fault::Stuck {
                return pending().await;
            }
            self.inner.lease(ledger, holder, ttl).await
        })
    }

    fn release<'a>(&'a self, ledger: &'a str, lease: Lease) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.check()?;
            if *self.fault.lock() == Fault::Stuck {
                return pending().await;
            }
            self.inner.release(ledger, lease).await
        })
    }
}

/// Keeps what is sent.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Channel for Kept {
    fn kind(&self) -> &'static str {
        "kept"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let sent = sent.alerts.iter().map(short);
        self.0.lock().extend(sent);
        Box::pin(async { Ok(()) })
    }
}

fn short(alert: &tower_vitals::alerts::channels::NotifiedAlert) -> String {
    let state = if alert.is_firing {
        "firing"
    } else {
        "resolved"
    };
    format!("{} {state}", alert.component())
}

struct World {
    store: Faulty,
    kept: Kept,
    alerts: Alerts,
}

fn alert(component: &str) -> CodeAlert {
    Alert::error("it is odd").name("Odd").component(component)
}

fn start(store: &Faulty, kept: &Kept) -> Alerts {
    let receiver = Receiver::from(kept.clone())
        .group_by(["..."])
        .group_wait(Duration::ZERO)
        .group_interval(Duration::from_nanos(1))
        .cooldown(Duration::ZERO);
    let builder = Alerts::builder().channel(receiver).store(store.clone());
    builder.manual().run().unwrap()
}

impl World {
    fn new() -> Self {
        let (store, kept) = (Faulty::new(), Kept::default());
        let alerts = start(&store, &kept);
        Self {
            store,
            kept,
            alerts,
        }
    }

    async fn evaluate(&self) -> Result<usize, Error> {
        let snapshot = Prometheus::builder().build().unwrap().snapshot();
        let changes = self.alerts.evaluate_at(&snapshot, SystemTime::now()).await;
        changes.map(|changes| changes.len())
    }

    async fn fire(&self, component: &str) -> Result<usize, Error> {
        self.alerts.fire(alert(component));
        self.evaluate().await
    }

    async fn clear(&self, component: &str) -> Result<usize, Error> {
        self.alerts.clear(alert(component).id());
        self.evaluate().await
    }

    /// The changes in the history, the oldest first.
    async fn changes(&self) -> Vec<String> {
        let query = HistoryQuery::latest(100);
        let mut events = self.store.history(&query).await.unwrap().events;
        events.reverse();
        let changes = events.iter().filter_map(|event| match event {
            Event::Transition(it) => Some(format!("{} {}", it.labels["component"], it.to)),
            _ => None,
        });
        changes.collect()
    }

    /// Nothing waits, and the history has as many deliveries as there were. A restart sends nothing again.
    async fn ends_with(self, sent: &[&str]) {
        // The delivery records its results after a while.
        sleep(Duration::from_secs(120)).await;
        assert_eq!(*self.kept.0.lock(), sent);
        self.alerts.shutdown(Duration::from_secs(60)).await;
        let outbox = self.store.load("local").await.unwrap().outbox;
        assert_eq!(outbox, []);
        let events = self
            .store
            .history(&HistoryQuery::latest(100))
            .await
            .unwrap();
        let events = events.events.iter();
        let deliveries = events.filter(|event| matches!(event, Event::Notification(it) if it.result == DeliveryResult::Delivered));
        assert_eq!(deliveries.count(), sent.len());
        let again = World {
            alerts: start(&self.store, &self.kept),
            ..self
        };
        assert_eq!(again.evaluate().await.unwrap(), 0);
        sleep(Duration::from_secs(120)).await;
        assert_eq!(*again.kept.0.lock(), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_stored_once() {
    let world = World::new();
    assert_eq!(world.evaluate().await.unwrap(), 0);
    world.store.set(Fault::Unanswered);
    assert_eq!(
        world.fire("a").await.unwrap_err().to_string(),
        "the store is away"
    );
    // The delivery is recorded, and then the notification is committed again with the next step.
    sleep(Duration::from_secs(60)).await;
    world.fire("b").await.unwrap_err();
    sleep(Duration::from_secs(60)).await;
    world.store.set(Fault::None);
    assert_eq!(world.clear("a").await.unwrap(), 1);
    assert_eq!(
        world.changes().await,
        ["a firing", "b firing", "a resolved"]
    );
    world
        .ends_with(&["a firing", "b firing", "a resolved"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn alerts_go_on_while_the_store_is_away_and_are_written_later() {
    let world = World::new();
    assert_eq!(world.evaluate().await.unwrap(), 0);
    world.store.set(Fault::Down);
    world.fire("a").await.unwrap_err();
    world.fire("b").await.unwrap_err();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(*world.kept.0.lock(), ["a firing", "b firing"]);
    world.store.set(Fault::None);
    // The deliveries are recorded before the notifications are written.
    sleep(Duration::from_secs(20)).await;
    assert_eq!(world.clear("a").await.unwrap(), 1);
    assert_eq!(
        world.changes().await,
        ["a firing", "b firing", "a resolved"]
    );
    world
        .ends_with(&["a firing", "b firing", "a resolved"])
        .await;
}

#[tokio::test(start_paused = true)]
async fn an_act_after_the_end_of_the_lease_loses_nothing() {
    let world = World::new();
    assert_eq!(world.fire("a").await.unwrap(), 1);
    sleep(Duration::from_secs(1)).await;
    world.store.set(Fault::Down);
    world.fire("b").await.unwrap_err();
    sleep(Duration::from_secs(60)).await;
    world.store.set(Fault::None);
    let b: AlertId = alert("b").id();
    world.alerts.acknowledge(b, "ann", None).await.unwrap();
    assert_eq!(world.changes().await, ["a firing", "b firing", "b firing"]);
    world.ends_with(&["a firing", "b firing"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_delivery_after_the_end_of_the_lease_loses_nothing() {
    let world = World::new();
    assert_eq!(world.fire("a").await.unwrap(), 1);
    sleep(Duration::from_secs(1)).await;
    world.store.set(Fault::Down);
    world.fire("b").await.unwrap_err();
    sleep(Duration::from_secs(60)).await;
    world.store.set(Fault::None);
    // The delivery is refused before the engine renews the lease.
    sleep(Duration::from_secs(60)).await;
    assert_eq!(world.fire("c").await.unwrap(), 1);
    assert_eq!(world.changes().await, ["a firing", "b firing", "c firing"]);
    world.ends_with(&["a firing", "b firing", "c firing"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_outage_before_the_lease_is_renewed_delays_no_alert() {
    let world = World::new();
    assert_eq!(world.evaluate().await.unwrap(), 0);
    world.store.set(Fault::Down);
    world.fire("a").await.unwrap_err();
    sleep(Duration::from_secs(60)).await;
    world.store.set(Fault::None);
    // The store refuses the record of the delivery, because the lease is over.
    sleep(Duration::from_secs(60)).await;
    world.store.set(Fault::Down);
    world.fire("b").await.unwrap_err();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(*world.kept.0.lock(), ["a firing", "b firing"]);
    world.store.set(Fault::None);
    assert_eq!(world.fire("c").await.unwrap(), 1);
    assert_eq!(world.changes().await, ["a firing", "b firing", "c firing"]);
    world.ends_with(&["a firing", "b firing", "c firing"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_caller_left_is_written_and_told_by_the_next() {
    let world = World::new();
    assert_eq!(world.evaluate().await.unwrap(), 0);
    world.store.set(Fault::Hangs);
    let left = timeout(Duration::from_secs(1), world.fire("a")).await;
    assert!(left.is_err());
    world.store.set(Fault::None);
    assert_eq!(world.evaluate().await.unwrap(), 0);
    assert_eq!(world.changes().await, ["a firing"]);
    world.ends_with(&["a firing"]).await;
}

#[tokio::test(start_paused = true)]
async fn alerts_begin_in_memory_if_the_store_is_away_at_the_start() {
    // An earlier process left an alert that fires.
    let mut world = World::new();
    assert_eq!(world.fire("old").await.unwrap(), 1);
    world.alerts.shutdown(Duration::from_secs(5)).await;
    world.store.set(Fault::Down);
    world.alerts = start(&world.store, &world.kept);
    world.fire("new").await.unwrap_err();
    world.fire("brief").await.unwrap_err();
    world.clear("brief").await.unwrap_err();
    sleep(Duration::from_secs(5)).await;
    let told = ["old firing", "new firing", "brief firing", "brief resolved"];
    assert_eq!(*world.kept.0.lock(), told);
    let new = alert("new").id();
    let error = world
        .alerts
        .acknowledge(new, "ann", None)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store of the alerts cannot be reached (the store is away: down)"
    );
    world.store.set(Fault::None);
    // The saved ledger takes its place, and is told what code asked for.
    world.evaluate().await.unwrap();
    sleep(Duration::from_secs(5)).await;
    world.alerts.acknowledge(new, "ann", None).await.unwrap();
    assert!(world.alerts.knows(alert("old").id()));
    assert_eq!(world.clear("old").await.unwrap(), 1);
    let all = [
        "old firing",
        "new firing",
        "brief firing",
        "brief resolved",
        "new firing",
        "old resolved",
    ];
    sleep(Duration::from_secs(5)).await;
    assert_eq!(*world.kept.0.lock(), all);
    world.ends_with(&all).await;
}

#[tokio::test(start_paused = true)]
async fn what_code_asked_for_survives_a_store_that_fails_while_the_ledger_is_taken() {
    let world = World::new();
    world.store.set(Fault::Down);
    world.fire("new").await.unwrap_err();
    world.store.set(Fault::ReadsOnce);
    world.evaluate().await.unwrap_err();
    world.store.set(Fault::None);
    world.evaluate().await.unwrap();
    assert!(world.alerts.knows(alert("new").id()));
    let firing = world.alerts.alerts().len();
    assert_eq!(firing, 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_at_its_deadline_though_the_store_hangs() {
    let world = World::new();
    assert_eq!(world.fire("a").await.unwrap(), 1);
    world.store.set(Fault::Stuck);
    let began = Instant::now();
    world.alerts.shutdown(Duration::from_secs(3)).await;
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_may_take_as_long_as_it_likes() {
    let world = World::new();
    assert_eq!(world.fire("a").await.unwrap(), 1);
    world.alerts.shutdown(Duration::MAX).await;
    assert_eq!(*world.kept.0.lock(), ["a firing"]);
}
