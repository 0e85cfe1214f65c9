//! A store that is away for long: what waits for it is bounded, delivery goes on, and what the history loses is counted.

use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use tower_vitals::alerts::channels::DeliveryError;
use tower_vitals::alerts::state::CodeAlert;
use tower_vitals::alerts::stores::{AlertStore, Event, HistoryQuery};
use tower_vitals::alerts::{Alert, Alerts, Receiver};
use tower_vitals::{Error, Prometheus};

use super::engine_outages::{Fault, Faulty};
use super::kept::Kept;
use crate::support::log::Log;

const ROUND: Duration = Duration::from_secs(60);
const MAX_EVENTS: usize = 50_000;
const MAX_QUEUED: usize = 10_000;
const CHANNELS: usize = 5;

struct World {
    store: Faulty,
    kept: Kept,
    metrics: Prometheus,
    alerts: Alerts,
    start: SystemTime,
    round: u32,
}

fn alert(number: usize) -> CodeAlert {
    let name = number.to_string();
    Alert::error("it is odd").name("Odd").component(name)
}

impl World {
    /// All alerts are told together, or each alone through five channels.
    async fn with_a_store_away(is_grouped: bool) -> Self {
        let (store, kept) = (Faulty::new(), Kept::default());
        let metrics = Prometheus::builder().build().unwrap();
        let alerts = start(&store, &kept, &metrics, is_grouped);
        let world = Self {
            store,
            kept,
            metrics,
            alerts,
            start: SystemTime::now(),
            round: 0,
        };
        assert_eq!(world.evaluate().await.unwrap(), 0);
        world.store.set(Fault::Down);
        world
    }

    async fn evaluate(&self) -> Result<usize, Error> {
        let now = self.start + ROUND * self.round;
        let changes = self.alerts.evaluate_at(&self.metrics.snapshot(), now).await;
        changes.map(|changes| changes.len())
    }

    /// All alerts fire, or all end.
    async fn turn(&mut self, alerts: usize) {
        self.round += 1;
        for number in 0..alerts {
            if self.round % 2 == 1 {
                self.alerts.fire(alert(number));
            } else {
                self.alerts.clear(alert(number).id());
            }
        }
        self.evaluate().await.unwrap_err();
        sleep(ROUND).await;
    }

    /// The store comes back and takes all that waits.
    async fn recover(&mut self) -> Vec<Event> {
        self.store.set(Fault::None);
        // Longer than a channel that failed pauses.
        for _ in 0..20 {
            self.round += 1;
            assert_eq!(self.evaluate().await.unwrap(), 0);
            sleep(ROUND / 2).await;
        }
        let saved = self.store.load("local").await.unwrap();
        assert_eq!(saved.outbox, []);
        let query = HistoryQuery::latest(usize::MAX);
        self.store.history(&query).await.unwrap().events
    }

    fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let value = self.metrics.snapshot().sum(name, labels);
        value.unwrap_or(f64::NAN)
    }

    /// What the history lost is shown everywhere, and logged once.
    fn shows_lost_events(&self, lost: usize, log: &Log) {
        let (lines, lost) = (usize::from(lost > 0), lost as u64);
        assert_eq!(self.alerts.stats().dropped_events, lost);
        let metric = self.metric("monitoring_alert_events_dropped_total", &[]);
        assert_eq!(metric, lost as f64);
        let text = log.text();
        assert_eq!(
            log.count("the history of the alerts loses events"),
            lines,
            "{text}"
        );
        let end = format!(
            "the history of the alerts lost events, because the store was away for too long dropped={lost}"
        );
        assert_eq!(log.count(&end), lines, "{text}");
    }
}

fn start(store: &Faulty, kept: &Kept, metrics: &Prometheus, is_grouped: bool) -> Alerts {
    let channels = if is_grouped { 1 } else { CHANNELS };
    let labels = if is_grouped { "alertname" } else { "..." };
    let mut builder = Alerts::builder();
    for number in 0..channels {
        let receiver = Receiver::new(number.to_string(), kept.clone())
            .group_by([labels])
            .group_wait(Duration::ZERO)
            .group_interval(Duration::from_nanos(1))
            .cooldown(Duration::ZERO)
            .max_per_hour(10_000);
        builder = builder.channel(receiver);
    }
    let builder = builder.store(store.clone()).metrics(metrics.clone());
    builder.manual().run().unwrap()
}

fn transitions(events: &[Event]) -> usize {
    let is_transition = |event: &&Event| matches!(event, Event::Transition(_));
    events.iter().filter(is_transition).count()
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_thousand_transitions_all_are_told_and_the_latest_are_kept() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::with_a_store_away(true).await;
    for _ in 0..20 {
        world.turn(5_000).await;
    }
    assert_eq!(world.kept.sent().len(), 20);
    // They are written in parts.
    assert_eq!(world.store.largest().events, 2_000);
    let events = world.recover().await;
    assert_eq!(transitions(&events), MAX_EVENTS);
    assert_eq!(events.len(), MAX_EVENTS + 20);
    let mut oldest = events
        .iter()
        .rev()
        .filter(|event| transitions(std::slice::from_ref(event)) == 1);
    assert_eq!(oldest.next().unwrap().at(), world.start + ROUND * 11);
    world.shows_lost_events(50_000, &log);
}

#[tokio::test(start_paused = true)]
async fn delivered_notifications_do_not_wait_for_the_store() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::with_a_store_away(false).await;
    for _ in 0..4 {
        world.turn(2_000).await;
    }
    let told = CHANNELS * 4 * 2_000;
    assert_eq!(world.kept.sent().len(), told);
    let largest = world.store.largest();
    assert!(
        largest.queued <= MAX_QUEUED + CHANNELS * 2_000,
        "{largest:?}"
    );
    let events = world.recover().await;
    assert_eq!(events.len(), 4 * 2_000 + told);
    world.shows_lost_events(0, &log);
    assert_eq!(world.alerts.stats().dropped_notifications, 0);
    // After a restart, nothing is told twice.
    world.alerts = start(&world.store, &world.kept, &world.metrics, false);
    world.evaluate().await.unwrap();
    sleep(ROUND).await;
    assert_eq!(world.kept.sent().len(), told);
}

#[tokio::test(start_paused = true)]
async fn notifications_that_neither_store_nor_channel_takes_are_counted() {
    let (log, _guard) = Log::of_this_thread();
    let mut world = World::with_a_store_away(false).await;
    world.kept.refuse(DeliveryError::retry("down"));
    for _ in 0..4 {
        world.turn(2_000).await;
    }
    let largest = world.store.largest();
    assert!(
        largest.queued <= MAX_QUEUED + CHANNELS * 2_000,
        "{largest:?}"
    );
    let dropped = CHANNELS * 4 * 2_000 - MAX_QUEUED;
    assert_eq!(world.alerts.stats().dropped_notifications, dropped as u64);
    let metric = world.metric(
        "monitoring_alert_deliveries_total",
        &[("result", "dropped")],
    );
    assert_eq!(metric, dropped as f64);
    let lines = log.count("because the outbox is full");
    assert!((1..=3).contains(&lines), "{}", log.text());
    world.kept.accept();
    let events = world.recover().await;
    assert_eq!(world.kept.sent().len(), MAX_QUEUED);
    // The end of each is in the history.
    assert_eq!(events.len(), 4 * 2_000 + MAX_QUEUED + dropped);
    world.shows_lost_events(0, &log);
}
