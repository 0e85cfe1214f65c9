//! Acts and silences at any of the instances that share a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tokio::time::sleep;
use tower_vitals::alerts::state::{
    AlertId, AlertState, HeldBack, Matcher, Recurrence, SilenceTarget,
};
use tower_vitals::alerts::stores::{
    AlertStore, Commit, Event, HistoryPage, HistoryQuery, Lease, Saved,
};
use tower_vitals::alerts::{Acted, Alert, AlertView, Labels};
use tower_vitals::{Error, ErrorKind};

use crate::engine_instances::{Instance, Kept, SharedMemory, evaluate_until, partition, shared};
use crate::support::log::Log;

fn here() -> AlertId {
    AlertId::of("Here", &Labels::new())
}

fn view(instance: &Instance, id: AlertId) -> Option<AlertView> {
    let mut views = instance.alerts.alerts().into_iter();
    views.find(|view| view.id == id)
}

fn acknowledged(instance: &Instance) -> Option<String> {
    view(instance, shared())
        .unwrap()
        .acknowledged
        .map(|act| act.by)
}

fn is_silenced(instance: &Instance, id: AlertId) -> bool {
    silence_of(instance, id).is_some()
}

/// The silence that holds back an alert.
fn silence_of(instance: &Instance, id: AlertId) -> Option<String> {
    let causes = view(instance, id).unwrap().held_back;
    causes.into_iter().find_map(|cause| match cause {
        HeldBack::Silenced { silence, .. } => Some(silence),
        _ => None,
    })
}

fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3 * 60 * 60)
}

/// Two instances whose alerts fire. The first holds the shared one.
async fn firing<S: AlertStore>(open: &impl Fn() -> S) -> [Instance; 2] {
    let kept = Kept::default();
    let instances = [0, 1].map(|number| Instance::new(number, open(), &kept));
    for instance in &instances {
        instance.gauge.set(20.0);
        instance.evaluate().await;
    }
    assert!(instances[0].holds_shared() && !instances[1].holds_shared());
    instances
}

/// The acknowledgements of the shared alert in the history.
async fn acknowledgements(store: &impl AlertStore) -> usize {
    let mut query = HistoryQuery::latest(1000);
    query.ledger = Some("shared".to_owned());
    let events = store.history(&query).await.unwrap().events;
    let is_one = |event: &&Event| matches!(event, Event::Transition(it) if it.from == AlertState::Firing && it.to == AlertState::Firing);
    events.iter().filter(is_one).count()
}

async fn waiting(store: &impl AlertStore) -> usize {
    store.load("acts").await.unwrap().documents.len()
}

async fn acts_are_done_by_the_holder<S: AlertStore>(open: impl Fn() -> S) {
    let store = open();
    let [holder, other] = firing(&open).await;
    let acted = other
        .alerts
        .acknowledge(shared(), "bob", Some("on it"))
        .await;
    assert_eq!(acted.unwrap(), Acted::Forwarded);
    assert_eq!(acknowledged(&holder), None);
    other.evaluate().await;
    assert_eq!(waiting(&store).await, 1);
    holder.evaluate().await;
    assert_eq!(acknowledged(&holder).as_deref(), Some("bob"));
    assert_eq!(waiting(&store).await, 0);
    for instance in [&holder, &other, &holder] {
        instance.evaluate().await;
    }
    assert_eq!(acknowledgements(&store).await, 1);

    assert_eq!(
        holder.alerts.resolve(here(), "ann").await.unwrap(),
        Acted::Done
    );
    assert_eq!(
        other.alerts.resolve(shared(), "bob").await.unwrap(),
        Acted::Forwarded
    );
    holder.evaluate().await;
    let resolved = view(&holder, shared()).unwrap();
    assert_eq!(resolved.state, AlertState::Resolved);
    let error = other.alerts.resolve(shared(), "bob").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert_eq!(
        error.to_string(),
        format!("the alert {} is unknown", shared())
    );
}

#[tokio::test(start_paused = true)]
async fn an_act_at_another_instance_is_done_once_by_the_holder() {
    let store = SharedMemory::default();
    acts_are_done_by_the_holder(|| store.clone()).await;
}

#[tokio::test(start_paused = true)]
async fn an_invalid_act_is_refused_at_once() {
    let store = SharedMemory::default();
    let [_holder, other] = firing(&|| store.clone()).await;
    let long = "x".repeat(257);
    let error = other
        .alerts
        .acknowledge(shared(), &long, None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let past = SystemTime::now() - Duration::from_secs(1);
    let silence = other
        .alerts
        .suppress(SilenceTarget::Alert(shared()), past, "bob", None);
    assert_eq!(silence.await.unwrap_err().kind(), ErrorKind::InvalidConfig);
    let unknown = SilenceTarget::Alert(AlertId::of("Nowhere", &Labels::new()));
    let silence = other.alerts.suppress(unknown, in_an_hour(), "bob", None);
    assert_eq!(
        silence.await.unwrap_err().to_string(),
        "no such alert is known"
    );
    assert_eq!(waiting(&store).await, 0);
}

/// An act that cannot be done does not wait for the next alert of that name.
#[tokio::test(start_paused = true)]
async fn an_act_that_comes_too_late_is_forgotten_and_logged() {
    let (log, _guard) = Log::of_this_thread();
    let store = SharedMemory::default();
    let [holder, other] = firing(&|| store.clone()).await;
    other
        .alerts
        .acknowledge(shared(), "bob", None)
        .await
        .unwrap();
    holder.gauge.set(1.0);
    // The first evaluation finds it firing still, so the condition ends before the act arrives.
    holder.alerts.resolve(shared(), "ann").await.unwrap();
    let instances = [holder, other];
    evaluate_until(&instances, async || waiting(&store).await == 0).await;
    assert_eq!(acknowledgements(&store).await, 0);
    assert_eq!(
        log.count("an act on an alert is not done"),
        1,
        "{}",
        log.text()
    );
}

/// The holder of its own alert has lost the store, and nobody takes its ledger over.
#[tokio::test(start_paused = true)]
async fn an_act_waits_for_a_holder_that_has_lost_the_store() {
    let (log, _guard) = Log::of_this_thread();
    let (kept, store) = (Kept::default(), SharedMemory::default());
    let away = store.for_another_instance();
    let instances = [
        Instance::new(0, store.clone(), &kept),
        Instance::new(1, away.clone(), &kept),
    ];
    let [other, holder] = &instances;
    let full = Alert::error("the disk is full").name("Here");
    let disk = holder.alerts.fire(full.component("disk"));
    for instance in &instances {
        instance.evaluate().await;
    }
    assert!(view(other, disk).is_none());
    let acted = other.alerts.acknowledge(disk, "bob", None).await;
    assert_eq!(acted.unwrap(), Acted::Forwarded);
    away.set_away(true);
    // Far more than two leases of 15 s.
    for _ in 0..100 {
        sleep(Duration::from_secs(1)).await;
        other.evaluate().await;
        holder.try_evaluate().await.unwrap_err();
    }
    assert_eq!(waiting(&store).await, 1);
    assert!(view(holder, disk).unwrap().acknowledged.is_none());
    away.set_away(false);
    holder.evaluate().await;
    let acknowledged = view(holder, disk).unwrap().acknowledged.unwrap();
    assert_eq!(acknowledged.by, "bob");
    assert_eq!(waiting(&store).await, 0);
    assert_eq!(log.count("an act on an alert is not done"), 0);
}

/// It does not know yet that another instance took its ledger over.
#[tokio::test(start_paused = true)]
async fn an_act_at_a_former_holder_is_forwarded() {
    let (kept, store) = (Kept::default(), SharedMemory::default());
    let former = Instance::new(0, store.clone(), &kept);
    let heir = Instance::new(1, store.for_another_instance(), &kept);
    for instance in [&former, &heir] {
        instance.gauge.set(20.0);
        instance.evaluate().await;
    }
    let instances = [former, heir];
    partition(&instances, &store).await;
    let [former, heir] = &instances;
    assert!(former.holds_shared());
    let act = former.alerts.acknowledge(shared(), "bob", None);
    assert_eq!(act.await.unwrap_err().kind(), ErrorKind::Io);
    store.set_away(false);
    let act = former.alerts.acknowledge(shared(), "ann", None);
    assert_eq!(act.await.unwrap(), Acted::Forwarded);
    assert!(!former.holds_shared());
    heir.evaluate().await;
    assert_eq!(acknowledged(heir).as_deref(), Some("ann"));
    assert_eq!(acknowledgements(&store).await, 1);
}

/// The store is away for all, for longer than two leases.
#[tokio::test(start_paused = true)]
async fn an_act_outlasts_an_outage_of_the_store() {
    let store = SharedMemory::default();
    let [holder, other] = firing(&|| store.clone()).await;
    other
        .alerts
        .acknowledge(shared(), "bob", None)
        .await
        .unwrap();
    store.set_away(true);
    for _ in 0..100 {
        sleep(Duration::from_secs(1)).await;
        for instance in [&other, &holder] {
            instance.try_evaluate().await.unwrap_err();
        }
    }
    store.set_away(false);
    let instances = [other, holder];
    evaluate_until(&instances, async || waiting(&store).await == 0).await;
    let heir = instances.iter().find(|it| it.holds_shared()).unwrap();
    assert_eq!(acknowledged(heir).as_deref(), Some("bob"));
    assert_eq!(acknowledgements(&store).await, 1);
}

/// An act on an alert of an instance that does not come back is not kept for ever.
#[tokio::test(start_paused = true)]
async fn an_act_for_a_holder_that_is_gone_is_dropped_after_a_day() {
    let (log, _guard) = Log::of_this_thread();
    let (kept, store) = (Kept::default(), SharedMemory::default());
    let other = Instance::new(0, store.clone(), &kept);
    let holder = Instance::new(1, store.clone(), &kept);
    let full = Alert::error("the disk is full").name("Here");
    let disk = holder.alerts.fire(full.component("disk"));
    for instance in [&other, &holder] {
        instance.evaluate().await;
    }
    let acted = other.alerts.acknowledge(disk, "bob", None).await;
    assert_eq!(acted.unwrap(), Acted::Forwarded);
    drop(holder);
    for (hours, left) in [(0, 1), (23, 1), (2, 0)] {
        sleep(Duration::from_secs(hours * 60 * 60)).await;
        for _ in 0..40 {
            sleep(Duration::from_secs(1)).await;
            other.evaluate().await;
        }
        assert_eq!(waiting(&store).await, left);
    }
    assert_eq!(log.count("an act on an alert is not done"), 1);
}

/// A store that does not forget acts.
#[derive(Clone, Default)]
struct Stuck {
    store: SharedMemory,
    is_stuck: Arc<AtomicBool>,
}

impl AlertStore for Stuck {
    fn kind(&self) -> &'static str {
        "stuck"
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        self.store.load(ledger)
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        if commit.ledger == "acts" && self.is_stuck.load(Ordering::Relaxed) {
            return Box::pin(async { Err(Error::external("stuck", "the test says so")) });
        }
        self.store.commit(commit)
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        self.store.history(query)
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        self.store.lease(ledger, holder, ttl)
    }
}

/// The holder ends between the act and its removal: its heir knows that the act is done.
#[tokio::test(start_paused = true)]
async fn an_act_is_done_once_if_its_holder_ends() {
    let store = Stuck::default();
    let [holder, other] = firing(&|| store.clone()).await;
    other
        .alerts
        .acknowledge(shared(), "bob", None)
        .await
        .unwrap();
    store.is_stuck.store(true, Ordering::Relaxed);
    holder.evaluate().await;
    holder.evaluate().await;
    assert_eq!(
        (acknowledgements(&store).await, waiting(&store).await),
        (1, 1)
    );
    drop(holder);
    let heirs = [other];
    evaluate_until(&heirs, async || heirs[0].holds_shared()).await;
    assert_eq!(acknowledged(&heirs[0]).as_deref(), Some("bob"));
    store.is_stuck.store(false, Ordering::Relaxed);
    heirs[0].evaluate().await;
    assert_eq!(
        (acknowledgements(&store).await, waiting(&store).await),
        (1, 0)
    );
}

async fn silences_hold_everywhere<S: AlertStore>(open: impl Fn() -> S) {
    let store = open();
    let [holder, other] = firing(&open).await;
    let target = || SilenceTarget::Labels(vec![Matcher::equal("severity", "warning")]);
    let made = other
        .alerts
        .suppress(target(), in_an_hour(), "bob", Some("migration"));
    let [id] = &made.await.unwrap()[..] else {
        panic!("a silence has one identity")
    };
    assert!(is_silenced(&other, here()));
    assert!(!is_silenced(&holder, shared()));
    holder.evaluate().await;
    for alert in [shared(), here()] {
        assert_eq!(silence_of(&holder, alert).as_ref(), Some(id));
    }
    // An instance that starts later.
    let third = Instance::new(2, open(), &Kept::default());
    third.gauge.set(20.0);
    third.evaluate().await;
    assert!(is_silenced(&third, here()));
    for instance in [&holder, &other, &third] {
        instance.evaluate().await;
        let silences = instance.alerts.silences();
        assert_eq!(silences.len(), 1, "{silences:?}");
        assert_eq!((&silences[0].id, &*silences[0].by), (id, "bob"));
        assert_eq!(instance.alerts.stats().silences, 1);
    }

    assert!(holder.alerts.unsuppress(id, "ann").await.unwrap());
    assert!(!is_silenced(&holder, shared()));
    for instance in [&other, &third] {
        instance.evaluate().await;
        assert!(!is_silenced(instance, here()));
        assert!(instance.alerts.silences().is_empty());
        assert!(!instance.alerts.unsuppress(id, "ann").await.unwrap());
    }
    // Told once, however many ledgers there are.
    let events = store
        .history(&HistoryQuery::latest(1000))
        .await
        .unwrap()
        .events;
    let told = events.iter().rev().filter_map(|event| match event {
        Event::Silence(it) => Some((it.began, it.silence.by.clone(), it.ended_by.clone())),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let by = |name: &str| name.to_owned();
    assert_eq!(
        told,
        [(true, by("bob"), None), (false, by("bob"), Some(by("ann")))]
    );
}

#[tokio::test(start_paused = true)]
async fn a_silence_holds_for_the_alerts_of_all_instances() {
    let store = SharedMemory::default();
    silences_hold_everywhere(|| store.clone()).await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_of_one_alert_and_one_that_recurs_reach_the_holder() {
    let store = SharedMemory::default();
    let [holder, other] = firing(&|| store.clone()).await;
    let one = SilenceTarget::Alert(shared());
    let [one] = &other
        .alerts
        .suppress(one, in_an_hour(), "bob", None)
        .await
        .unwrap()[..]
    else {
        panic!()
    };
    let nights = Recurrence::new("0 2 * * *", "UTC", Duration::from_secs(3600)).unwrap();
    let all = SilenceTarget::Labels(vec![Matcher::equal("alertname", "Everywhere")]);
    let recurring = other
        .alerts
        .suppress_recurring(all, nights, None, "bob", None);
    let [recurring] = &recurring.await.unwrap()[..] else {
        panic!()
    };
    holder.evaluate().await;
    assert!(is_silenced(&holder, shared()) && !is_silenced(&holder, here()));
    let listed = holder.alerts.silences();
    let listed: Vec<_> = listed
        .iter()
        .map(|it| (&it.id, it.until.is_some(), it.recurrence.is_some()))
        .collect();
    assert_eq!(listed, [(one, true, false), (recurring, false, true)]);
    assert!(other.alerts.unsuppress(one, "ann").await.unwrap());
    sleep(Duration::from_secs(1)).await;
    holder.evaluate().await;
    assert!(!is_silenced(&holder, shared()));
}

#[cfg(feature = "alerts-postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn acts_and_silences_work_at_each_instance_on_postgres() {
    use tower_vitals::alerts::stores::PostgresAlerts;

    let database = crate::stores::Database::new("engine_acts").await;
    let url = database.url();
    acts_are_done_by_the_holder(|| PostgresAlerts::url(&url).unwrap()).await;
    let database = crate::stores::Database::new("engine_silences").await;
    let url = database.url();
    silences_hold_everywhere(|| PostgresAlerts::url(&url).unwrap()).await;
}
