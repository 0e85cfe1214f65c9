//! Three instances whose clocks are ten minutes apart share a store, and one of them ends without a word.

use std::sync::Arc;
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

/// Memory that says it is shared.
#[derive(Clone, Default)]
pub(crate) struct SharedMemory(pub(crate) MemoryAlerts);

impl AlertStore for SharedMemory {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        self.0.load(ledger)
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        self.0.commit(commit)
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        self.0.history(query)
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        self.0.lease(ledger, holder, ttl)
    }
}

/// Keeps the alerts that are sent, as texts, with the instance that told them. Alerts of the shared rule have no label `instance`,
/// because another instance may tell their end.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<String>>>);

impl Channel for Kept {
    fn kind(&self) -> &'static str {
        "kept"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
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
        let prometheus = Prometheus::builder().build().unwrap();
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let name = "database_connections";
        let gauge = prometheus.register_gauge(&Key::from_name(name), &metadata);
        let rule = |rule: &str| Rule::new(rule, Signal::value(name)).gt(10.0);
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
        let snapshot = self.prometheus.snapshot();
        let (began, steady) = self.began;
        let now = began + steady.elapsed() + self.ahead;
        self.alerts.evaluate_at(&snapshot, now).await.unwrap();
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
