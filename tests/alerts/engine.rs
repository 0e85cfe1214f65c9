//! The engine: rules, alerts of code, acts of people, notifications and restarts together.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use metrics::{Counter, Key, Metadata, Recorder};
use parking_lot::Mutex;
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification, NotificationReason};
use tower_vitals::alerts::state::{AlertId, AlertState, SilenceTarget};
use tower_vitals::alerts::stores::{Event, HistoryQuery, MemoryAlerts};
use tower_vitals::alerts::{
    Alert, Alerts, AlertsBuilder, Level, Receiver, Rule, Rules, Selector, Signal,
};

const TICK: Duration = Duration::from_secs(15);

/// Keeps what is sent.
#[derive(Clone, Default)]
pub(super) struct Kept(pub(super) Arc<Mutex<Vec<Notification>>>);

impl Channel for Kept {
    fn kind(&self) -> &'static str {
        "kept"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        self.0.lock().push(sent.clone());
        Box::pin(async { Ok(()) })
    }
}

impl Kept {
    /// Waits until so many are sent.
    pub(super) async fn wait_for(&self, number: usize) -> Vec<Notification> {
        for _ in 0..1000 {
            let sent = self.0.lock().clone();
            if sent.len() >= number {
                return sent;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let sent = self.0.lock().clone();
        panic!("{} of {number} are sent: {sent:?}", sent.len());
    }
}

struct World {
    prometheus: Prometheus,
    errors: Counter,
    kept: Kept,
    store: MemoryAlerts,
    alerts: Alerts,
    now: SystemTime,
}

fn rules() -> Rules {
    let errors = Signal::increase(Selector::new("errors_total"), 4 * TICK).by(["component"]);
    Rules::builder()
        .rule(
            Rule::new("Errors", errors)
                .gt(5.0)
                .consecutive(2)
                .level(Level::Critical)
                .summary("{{ value }} errors of {{ labels.component }}"),
        )
        .build()
        .unwrap()
}

impl World {
    fn new() -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let labels = [("error_type", "timeout"), ("component", "db")];
        let errors =
            prometheus.register_counter(&Key::from_parts("errors_total", &labels), &metadata);
        let (kept, store) = (Kept::default(), MemoryAlerts::new());
        let alerts = Self::builder(&prometheus, &kept, &store).run().unwrap();
        Self {
            prometheus,
            errors,
            kept,
            store,
            alerts,
            now: SystemTime::now(),
        }
    }

    fn builder(prometheus: &Prometheus, kept: &Kept, store: &MemoryAlerts) -> AlertsBuilder {
        Alerts::builder()
            .metrics(prometheus.clone())
            .rules(rules())
            .channel(
                Receiver::from(kept.clone())
                    .group_wait(Duration::ZERO)
                    .group_interval(TICK),
            )
            .store(store.clone())
            .service("shop")
            .manual()
    }

    async fn tick(&mut self) -> Vec<String> {
        self.now += TICK;
        let snapshot = self.prometheus.snapshot();
        let changes = self.alerts.evaluate_at(&snapshot, self.now).await.unwrap();
        let short = |it: &tower_vitals::alerts::state::Transition| {
            format!("{}: {} > {}", it.name, it.from, it.to)
        };
        changes.iter().map(short).collect()
    }

    fn id() -> AlertId {
        AlertId::of(
            "Errors",
            &[("component".to_owned(), "db".to_owned())].into(),
        )
    }

    async fn fire(&mut self) {
        self.tick().await;
        self.errors.increment(100);
        assert_eq!(self.tick().await, ["Errors: inactive > pending"]);
        assert_eq!(self.tick().await, ["Errors: pending > firing"]);
    }
}

#[tokio::test]
async fn an_alert_fires_is_told_resolves_and_is_told_again() {
    let mut world = World::new();
    world.fire().await;
    let sent = world.kept.wait_for(1).await;
    assert_eq!(sent[0].reason, NotificationReason::First);
    assert_eq!(sent[0].title(), "[FIRING:1] Errors (shop)");
    let alert = &sent[0].alerts[0];
    assert_eq!(alert.id, World::id());
    assert_eq!(alert.labels["component"], "db");
    assert_eq!(alert.labels["severity"], "critical");
    let view = &world.alerts.alerts()[0];
    assert_eq!(
        (view.state, view.level),
        (AlertState::Firing, Level::Critical)
    );
    assert_eq!(view.annotations, alert.annotations);
    let mut told = Vec::new();
    for _ in 0..6 {
        told.extend(world.tick().await);
    }
    assert_eq!(told, ["Errors: firing > resolved"]);
    let sent = world.kept.wait_for(2).await;
    assert_eq!(sent[1].reason, NotificationReason::AllResolved);
    assert_eq!(sent[1].title(), "[RESOLVED:1] Errors (shop)");
    let page = world
        .alerts
        .history(&HistoryQuery::latest(100))
        .await
        .unwrap();
    let transitions = page
        .events
        .iter()
        .filter(|it| matches!(it, Event::Transition(_)));
    assert_eq!(transitions.count(), 3);
}

#[tokio::test]
async fn acts_of_people_change_the_alert_and_are_in_the_history() {
    let mut world = World::new();
    let error = world
        .alerts
        .acknowledge(World::id(), "ann", None)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the alert {} is unknown", World::id())
    );
    world.fire().await;
    world
        .alerts
        .acknowledge(World::id(), "ann", Some("on it"))
        .await
        .unwrap();
    let view = world.alerts.alerts().remove(0);
    assert_eq!(view.acknowledged.unwrap().by, "ann");
    world.alerts.resolve(World::id(), "bob").await.unwrap();
    assert_eq!(world.alerts.alerts()[0].state, AlertState::Resolved);
    let until = SystemTime::now() + Duration::from_secs(600);
    let target = SilenceTarget::Alert(World::id());
    let ids = world
        .alerts
        .suppress(target, until, "ann", Some("known"))
        .await
        .unwrap();
    assert_eq!(ids, ["local-1"]);
    assert_eq!(world.alerts.silences()[0].id, "local-1");
    assert!(world.alerts.unsuppress("local-1", "bob").await.unwrap());
    assert!(!world.alerts.unsuppress("local-1", "bob").await.unwrap());
    let page = world
        .alerts
        .history(&HistoryQuery::latest(100))
        .await
        .unwrap();
    let who: Vec<_> = page
        .events
        .iter()
        .rev()
        .filter_map(|event| match event {
            Event::Transition(it) => it.by.clone(),
            Event::Silence(it) if it.began => Some(it.silence.by.clone()),
            Event::Silence(it) => it.ended_by.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(who, ["ann", "bob", "ann", "bob"]);
}

#[tokio::test]
async fn code_fires_and_clears_alerts() {
    let mut world = World::new();
    let alert = Alert::critical("the queue is full").component("scheduler");
    let id = world.alerts.fire(alert.clone());
    world.alerts.fire(alert);
    assert_eq!(world.tick().await, ["the queue is full: inactive > firing"]);
    let sent = world.kept.wait_for(1).await;
    assert_eq!(sent[0].alerts[0].component(), "scheduler");
    assert_eq!(sent[0].alerts[0].summary(), "the queue is full");
    world.alerts.clear(id);
    assert_eq!(world.tick().await, ["the queue is full: firing > resolved"]);
    let failed = world
        .alerts
        .job_failed("nightly", "password=hunter2-long is wrong");
    assert_eq!(world.tick().await, ["JobFailed: inactive > firing"]);
    let view = world
        .alerts
        .alerts()
        .into_iter()
        .find(|alert| alert.id == failed)
        .unwrap();
    assert_eq!(
        view.annotations["summary"],
        "job nightly: password=[redacted] is wrong"
    );
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_forgets_nothing() {
    let mut world = World::new();
    world.fire().await;
    world.kept.wait_for(1).await;
    world
        .alerts
        .acknowledge(World::id(), "ann", None)
        .await
        .unwrap();
    world.alerts.shutdown(Duration::from_secs(1)).await;
    let builder = World::builder(&world.prometheus, &world.kept, &world.store);
    world.alerts = builder.run().unwrap();
    world.errors.increment(100);
    assert_eq!(world.tick().await, Vec::<String>::new());
    let view = world.alerts.alerts().remove(0);
    assert_eq!(view.state, AlertState::Firing);
    assert_eq!(view.acknowledged.unwrap().by, "ann");
    for _ in 0..3 {
        world.tick().await;
    }
    assert_eq!(world.kept.0.lock().len(), 1);
}

#[tokio::test]
async fn an_engine_without_channels_or_metrics_takes_alerts_of_code() {
    let alerts = Alerts::builder().run().unwrap();
    let id = alerts.fire(Alert::warning("odd").component("api"));
    for _ in 0..1000 {
        if alerts.knows(id) {
            assert_eq!(alerts.stats().channels[0].kind, "log");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the alert is unknown after 10 s");
}
