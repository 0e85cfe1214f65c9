//! Three instances whose clocks are ten minutes apart share a store, and one of them ends without a word.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use metrics::{Gauge, Key, Metadata, Recorder};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};
use tower_vitals::alerts::state::AlertId;
use tower_vitals::alerts::stores::{
    AlertStore, Commit, DeliveryResult, Event, HistoryPage, HistoryQuery, Lease, MemoryAlerts,
    Saved,
};
use tower_vitals::alerts::{Alert, Alerts, Labels, Receiver, Rule, Rules, Scope, Signal};
use tower_vitals::{Error, Prometheus};

/// Memory that says it is shared, and that may be away for one instance.
#[derive(Clone, Default)]
pub(crate) struct SharedMemory {
    memory: MemoryAlerts,
    is_away: Arc<AtomicBool>,
}

impl SharedMemory {
    pub(crate) fn for_another_instance(&self) -> Self {
        Self {
            memory: self.memory.clone(),
            is_away: Arc::default(),
        }
    }

    pub(crate) fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), Error> {
        if self.is_away.load(Ordering::Relaxed) {
            let cause = std::io::Error::other("no route");
            return Err(Error::external("the store is away", cause));
        }
        Ok(())
    }
}

impl AlertStore for SharedMemory {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        Box::pin(async {
            self.check()?;
            self.memory.load(ledger).await
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            self.check()?;
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
            self.check()?;
            self.memory.lease(ledger, holder, ttl).await
        })
    }
}

/// Keeps the alerts that are sent, as texts, with the instance that told them, unless it fails. Alerts of the shared rule have no label
/// `instance`, because another instance may tell their end.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<String>>>, Arc<AtomicBool>);

impl Channel for Kept {
    fn kind(&self) -> &'static str {
        "kept"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        if self.1.load(Ordering::Relaxed) {
            return Box::pin(async { Err(DeliveryError::retry("no route")) });
        }
        let mut kept = self.0.lock();
        for alert in &sent.alerts {
            let state = if alert.is_firing { "fires" } else { "resolved" };
            let instance = sent.instance.as_deref().unwrap();
            let own = (alert.name == "Here").then_some(instance);
            assert_eq!(alert.labels.get("instance").map(|it| &**it), own);
            // Receivers would take the end of one instance's alert for the end of all otherwise.
            assert_eq!(sent.owner.as_deref(), own);
            kept.push(format!("{} {state} {instance}", alert.name));
        }
        Box::pin(async { Ok(()) })
    }
}

impl Kept {
    /// The instances that told this, sorted.
    fn told(&self, text: &str) -> Vec<String> {
        let kept = self.0.lock();
        let told = kept.iter().filter_map(|kept| kept.strip_prefix(text));
        let mut told: Vec<_> = told.map(|instance| instance.trim().to_owned()).collect();
        told.sort();
        told
    }
}

pub(crate) struct Instance {
    pub(crate) prometheus: Prometheus,
    pub(crate) gauge: Gauge,
    pub(crate) alerts: Alerts,
    ahead: Duration,
    /// So that the time goes with the paused clock of a test.
    began: (SystemTime, Instant),
}

impl Instance {
    pub(crate) fn new(number: u32, store: impl AlertStore, kept: &Kept) -> Self {
        Self::with(number, store, kept, Duration::ZERO)
    }

    /// An instance whose rules wait before they fire.
    fn with(number: u32, store: impl AlertStore, kept: &Kept, wait: Duration) -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let name = "database_connections";
        let gauge = prometheus.register_gauge(&Key::from_name(name), &metadata);
        let rule = |rule: &str| {
            Rule::new(rule, Signal::value(name))
                .gt(10.0)
                .for_duration(wait)
        };
        let rules = Rules::builder()
            .rule(rule("Everywhere").scope(Scope::Shared))
            .rule(rule("Here").scope(Scope::Instance))
            .build()
            .unwrap();
        let receiver = Receiver::from(kept.clone())
            .group_wait(Duration::ZERO)
            .group_interval(Duration::from_secs(1))
            .cooldown(Duration::ZERO);
        let alerts = Alerts::builder()
            .rules(rules)
            .channel(receiver)
            .store(store)
            .interval(Duration::from_secs(1))
            .instance(format!("shop-{number}"))
            .manual();
        Self {
            prometheus,
            gauge,
            alerts: alerts.run().unwrap(),
            ahead: Duration::from_secs(600) * number,
            began: (SystemTime::now(), Instant::now()),
        }
    }

    pub(crate) async fn evaluate(&self) {
        self.try_evaluate().await.unwrap();
    }

    pub(crate) async fn try_evaluate(&self) -> Result<(), Error> {
        let snapshot = self.prometheus.snapshot();
        let (began, steady) = self.began;
        let now = began + steady.elapsed() + self.ahead;
        self.alerts.evaluate_at(&snapshot, now).await.map(drop)
    }

    pub(crate) fn holds_shared(&self) -> bool {
        self.alerts.knows(shared())
    }
}

pub(crate) fn shared() -> AlertId {
    AlertId::of("Everywhere", &Labels::new())
}

/// Evaluates every second until it is so, for at most 60 s.
pub(crate) async fn evaluate_until(instances: &[Instance], is_so: impl AsyncFn() -> bool) {
    for _ in 0..60 {
        for instance in instances {
            instance.evaluate().await;
        }
        if is_so().await {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    panic!("it is not so after 60 s");
}

/// The number of deliveries in the history.
async fn deliveries(store: &impl AlertStore) -> usize {
    let page = store.history(&HistoryQuery::latest(1000)).await.unwrap();
    let events = page.events.iter();
    events
        .filter(|event| matches!(event, Event::Notification(it) if it.result == DeliveryResult::Delivered))
        .count()
}

async fn shared_rules_go_on<S: AlertStore>(open: impl Fn() -> S) {
    let (kept, store) = (Kept::default(), open());
    let mut instances: Vec<_> = (0..3)
        .map(|number| Instance::new(number, open(), &kept))
        .collect();
    // The one whose clock is ahead of the others takes the shared ledger.
    instances.reverse();
    for instance in &instances {
        instance.gauge.set(20.0);
        instance.evaluate().await;
    }
    evaluate_until(&instances, async || deliveries(&store).await == 4).await;
    assert_eq!(kept.told("Everywhere fires"), ["shop-2"]);
    assert_eq!(kept.told("Here fires"), ["shop-0", "shop-1", "shop-2"]);
    let (holder, others) = (&instances[0], &instances[1..]);
    holder
        .alerts
        .acknowledge(shared(), "ann", None)
        .await
        .unwrap();
    for other in others {
        let unknown = AlertId::of("Nowhere", &Labels::new());
        let error = other.alerts.acknowledge(unknown, "bob", None).await;
        let error = error.unwrap_err().to_string();
        assert_eq!(error, format!("the alert {unknown} is unknown"));
    }
    // It ends without giving its lease back.
    drop(instances.remove(0));
    let survivors = &instances;
    assert!(!survivors.iter().any(Instance::holds_shared));
    evaluate_until(survivors, async || {
        survivors.iter().any(Instance::holds_shared)
    })
    .await;
    let heir = survivors.iter().find(|it| it.holds_shared()).unwrap();
    let mut views = heir.alerts.alerts().into_iter();
    let view = views.find(|view| view.id == shared()).unwrap();
    assert_eq!(view.acknowledged.unwrap().by, "ann");
    for _ in 0..3 {
        evaluate_until(survivors, async || true).await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(kept.told("Everywhere fires"), ["shop-2"]);
    assert_eq!(kept.told("Here fires"), ["shop-0", "shop-1", "shop-2"]);
    for instance in survivors {
        instance.gauge.set(1.0);
    }
    evaluate_until(survivors, async || deliveries(&store).await == 7).await;
    for _ in 0..3 {
        evaluate_until(survivors, async || true).await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(kept.told("Everywhere resolved").len(), 1);
    assert_eq!(kept.told("Here resolved"), ["shop-0", "shop-1"]);
    assert_eq!(kept.0.lock().len(), 7);
    // The history tells each change of the shared alert once.
    let mut query = HistoryQuery::latest(100);
    query.ledger = Some("shared".to_owned());
    let page = store.history(&query).await.unwrap();
    let changes = page.events.iter().rev().filter_map(|event| match event {
        Event::Transition(it) => Some(format!("{} > {}", it.from, it.to)),
        _ => None,
    });
    let changes: Vec<_> = changes.collect();
    let expected = ["inactive > firing", "firing > firing", "firing > resolved"];
    assert_eq!(changes, expected);
}

#[tokio::test(start_paused = true)]
async fn shared_rules_go_on_when_their_instance_is_gone() {
    let store = SharedMemory::default();
    shared_rules_go_on(|| store.clone()).await;
}

#[tokio::test]
async fn rules_of_two_scopes_cannot_inhibit_each_other_in_a_shared_store() {
    let rule = |name: &str| Rule::new(name, Signal::value("database_connections")).gt(10.0);
    let rules = || {
        let down = rule("DatabaseDown").scope(Scope::Shared);
        let errors = rule("Errors").inhibited_by("DatabaseDown");
        Rules::builder().rules([down, errors]).build().unwrap()
    };
    let engine = || Alerts::builder().rules(rules()).manual();
    assert!(engine().run().is_ok());
    let error = engine().store(SharedMemory::default()).run().unwrap_err();
    assert_eq!(
        error.to_string(),
        "rule \"Errors\": its scope is instance and that of \"DatabaseDown\", which inhibits it, is shared: in a store that \
         instances share, both must have one scope"
    );
}

/// Keeps the owners of the alerts that are sent.
#[derive(Clone, Default)]
struct Owners(Arc<Mutex<Vec<Option<String>>>>);

impl Channel for Owners {
    fn kind(&self) -> &'static str {
        "owners"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        self.0.lock().push(sent.owner.clone());
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_new_name_of_the_instance_keeps_the_keys_of_its_alerts() {
    let (owners, store) = (Owners::default(), MemoryAlerts::default());
    for name in ["pod-1", "pod-2"] {
        let receiver = Receiver::from(owners.clone())
            .group_wait(Duration::ZERO)
            .group_interval(Duration::from_millis(10));
        let alerts = Alerts::builder()
            .channel(receiver)
            .store(store.clone())
            .instance(name);
        let alerts = alerts.run().unwrap();
        alerts.fire(Alert::error("the disk is full").component(name));
        let before = owners.0.lock().len();
        while owners.0.lock().len() == before {
            sleep(Duration::from_millis(10)).await;
        }
        alerts.shutdown(Duration::from_secs(5)).await;
    }
    let pod_1 = Some("pod-1".to_owned());
    assert_eq!(*owners.0.lock(), [pod_1.clone(), pod_1]);
}

#[cfg(feature = "alerts-postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn shared_rules_go_on_in_postgres_when_their_instance_is_gone() {
    use tower_vitals::alerts::stores::PostgresAlerts;

    let database = crate::stores::Database::new("engine_instances").await;
    let url = database.url();
    shared_rules_go_on(|| PostgresAlerts::url(&url).unwrap()).await;
}

/// The first instance holds the shared rules, and loses the store. Returns when the second one holds them.
pub(crate) async fn partition(instances: &[Instance; 2], store_of_first: &SharedMemory) {
    store_of_first.set_away(true);
    for _ in 0..60 {
        instances[0].try_evaluate().await.unwrap_err();
        instances[1].evaluate().await;
        if instances[1].holds_shared() {
            return;
        }
        sleep(Duration::from_secs(1)).await;
    }
    panic!("nobody takes over");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_lost_the_store_does_not_tell_of_shared_rules() {
    let (kept, store) = (Kept::default(), SharedMemory::default());
    let other = store.for_another_instance();
    let instances = [
        Instance::new(0, store.clone(), &kept),
        Instance::new(1, other, &kept),
    ];
    for instance in &instances {
        instance.gauge.set(1.0);
        instance.evaluate().await;
    }
    assert!(instances[0].holds_shared());
    partition(&instances, &store).await;
    for instance in &instances {
        instance.gauge.set(20.0);
    }
    for _ in 0..30 {
        let error = instances[0].try_evaluate().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the store of the alerts cannot be reached (the store is away: no route)"
        );
        instances[1].evaluate().await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(kept.told("Everywhere fires"), ["shop-1"]);
    assert_eq!(kept.told("Here fires"), ["shop-0", "shop-1"]);
    store.set_away(false);
    evaluate_until(&instances, async || !instances[0].holds_shared()).await;
    assert_eq!(kept.0.lock().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_lost_the_store_delivers_nothing_of_shared_rules() {
    let store = SharedMemory::default();
    let (first, second) = (Kept::default(), Kept::default());
    let instances = [
        Instance::new(0, store.clone(), &first),
        Instance::new(1, store.for_another_instance(), &second),
    ];
    first.1.store(true, Ordering::Relaxed);
    for instance in &instances {
        instance.gauge.set(20.0);
        instance.evaluate().await;
    }
    assert!(instances[0].holds_shared());
    partition(&instances, &store).await;
    first.1.store(false, Ordering::Relaxed);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(second.told("Everywhere fires"), ["shop-0"]);
    assert_eq!(first.told("Everywhere fires"), [""; 0]);
    assert_eq!(first.told("Here fires"), ["shop-0"]);
}

#[tokio::test(start_paused = true)]
async fn shared_rules_go_on_when_the_store_is_back_and_the_time_between_does_not_count() {
    let (kept, store) = (Kept::default(), SharedMemory::default());
    let instance = Instance::with(0, store.clone(), &kept, Duration::from_secs(60));
    instance.gauge.set(20.0);
    instance.evaluate().await;
    store.set_away(true);
    for _ in 0..120 {
        sleep(Duration::from_secs(1)).await;
        instance.try_evaluate().await.unwrap_err();
    }
    assert_eq!(kept.told("Everywhere fires"), [""; 0]);
    store.set_away(false);
    for _ in 0..30 {
        instance.evaluate().await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(kept.told("Everywhere fires"), [""; 0]);
    for _ in 0..30 {
        instance.evaluate().await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(kept.told("Everywhere fires"), ["shop-0"]);
}
