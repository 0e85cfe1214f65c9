//! The service that is killed. It prints each act before it begins and after the store took it, and each notification that arrives.
//! It also tells vendors, which run in the process of the killer.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use metrics::{Gauge, Key, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{
    Alertmanager, Channel, DeliveryError, Notification, Opsgenie, PagerDuty,
};
use tower_vitals::alerts::state::{AlertId, AlertState, SilenceTarget};
use tower_vitals::alerts::stores::{Event, HistoryQuery};
use tower_vitals::alerts::{Alert, Alerts, AlertsBuilder, Receiver, Rule, Rules, Signal};

use super::random::Random;
use crate::support::until;

pub(super) const NAME: &str = "engine_kill::child::the_service_that_is_killed";
pub(super) const PLACE: &str = "VITALS_ENGINE_KILLED";
pub(super) const SEED: &str = "VITALS_ENGINE_SEED";
/// The address of the vendors.
pub(super) const VENDORS: &str = "VITALS_ENGINE_VENDORS";
/// The address of a real Alertmanager, if there is one.
pub(super) const ALERTMANAGER: &str = "VITALS_ENGINE_ALERTMANAGER";
/// The task of the run: to act, to rest, which only delivers, or to settle, which ends when all is delivered.
pub(super) const TASK: &str = "VITALS_ENGINE_TASK";

/// The channels whose notifications are printed.
pub(super) const PRINTED: [&str; 3] = ["all", "capped", "cooled"];
/// The most notifications of the channel `capped` in an hour.
pub(super) const CAP: usize = 7;
const HOUR: Duration = Duration::from_secs(3600);

const LOADS: usize = 8;
const CODES: usize = 4;
/// People act on the loads from here on,
const PEOPLE_S: usize = 4;
/// and silence those from here on.
const SILENCED: usize = 6;

/// Prints the notifications that arrive.
struct Printed(&'static str);

impl Channel for Printed {
    fn kind(&self) -> &'static str {
        self.0
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        let alerts: Vec<_> = sent.alerts.iter().collect();
        let alerts = alerts
            .iter()
            .map(|alert| format!("{}={}", alert.id, if alert.is_firing { 'F' } else { 'R' }));
        let alerts = alerts.collect::<Vec<_>>().join(",");
        println!(
            "@ arrived {} {} {} {alerts}",
            self.0,
            sent.id,
            nanos(sent.at)
        );
        Box::pin(async { Ok(()) })
    }
}

pub(super) fn nanos(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

pub(super) fn load_id(shard: impl ToString) -> AlertId {
    AlertId::of("Load", &[("check".to_owned(), shard.to_string())].into())
}

pub(super) fn code_id(number: impl ToString) -> AlertId {
    code_alert(number).id()
}

fn code_alert(number: impl ToString) -> tower_vitals::alerts::state::CodeAlert {
    Alert::error("a queue is full")
        .name("Code")
        .component(number.to_string())
}

/// The alerts that no person acts on.
pub(super) fn plain_ids() -> Vec<AlertId> {
    let loads = (0..PEOPLE_S).map(load_id);
    loads.chain((0..CODES).map(code_id)).collect()
}

/// The alerts that nobody silences.
pub(super) fn told_ids() -> Vec<AlertId> {
    let acknowledged = (PEOPLE_S..SILENCED).map(load_id);
    plain_ids().into_iter().chain(acknowledged).collect()
}

fn builder() -> AlertsBuilder {
    let vendors = std::env::var(VENDORS).unwrap();
    let load = Signal::value("health_check_status").by(["check"]);
    let rule = Rule::new("Load", load).gt(0.5).label("run", &vendors);
    let receiver = |name| at_once(Receiver::from(Printed(name)));
    let pagerduty = PagerDuty::new("0123456789abcdef0123456789abcdef").unwrap();
    let opsgenie = Opsgenie::new("01234567-1234-5678-9abc-0123456789ab").unwrap();
    Alerts::builder()
        .rules(Rules::builder().rule(rule).build().unwrap())
        .channel(receiver(PRINTED[0]))
        .channel(receiver(PRINTED[1]).max_per_hour(CAP))
        .channel(receiver(PRINTED[2]).cooldown(HOUR))
        .channel(at_once(pagerduty.base_url(&vendors).unwrap().into()).group_by(["alertname"]))
        .channel(at_once(opsgenie.base_url(&vendors).unwrap().into()))
        .channel(
            Alertmanager::new(
                [Ok(vendors), std::env::var(ALERTMANAGER)]
                    .into_iter()
                    .flatten(),
            )
            .unwrap(),
        )
        .instance("shop-1")
        .manual()
}

/// Tells each alert alone, as soon as it changes, and whenever it changes.
fn at_once(receiver: Receiver) -> Receiver {
    receiver
        .group_by(["..."])
        .group_wait(Duration::ZERO)
        .group_interval(Duration::from_nanos(1))
        .cooldown(Duration::ZERO)
        .max_per_hour(10_000)
}

fn run(place: &str) -> Alerts {
    #[cfg(feature = "alerts-postgres")]
    if place.starts_with("postgres:") {
        let store = tower_vitals::alerts::stores::PostgresAlerts::url(place).unwrap();
        return builder().store(store).run().unwrap();
    }
    #[cfg(feature = "alerts-sqlite")]
    return builder()
        .store(tower_vitals::alerts::stores::SqliteAlerts::open(place))
        .run()
        .unwrap();
    #[cfg(not(feature = "alerts-sqlite"))]
    unreachable!()
}

struct Service {
    prometheus: Prometheus,
    loads: Vec<Gauge>,
    are_high: Vec<bool>,
    are_fired: Vec<bool>,
    alerts: Alerts,
    random: Random,
}

impl Service {
    fn new(place: &str, seed: u64) -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let load = |shard: usize| {
            let labels = [("check", shard.to_string())];
            let labels: Vec<_> = labels.iter().map(metrics::Label::from).collect();
            prometheus.register_gauge(&Key::from_parts("health_check_status", labels), &metadata)
        };
        Self {
            loads: (0..LOADS).map(load).collect(),
            are_high: vec![false; LOADS],
            are_fired: vec![false; CODES],
            alerts: run(place),
            random: Random(seed),
            prometheus,
        }
    }

    /// Takes the ledger, prints what is there, and sets the signals so that they agree.
    async fn start(&mut self) {
        let nobody = AlertId::of("Nobody", &[].into());
        let error = self.alerts.acknowledge(nobody, "x", None).await;
        assert!(error.unwrap_err().to_string().contains("is unknown"));
        for view in self.alerts.alerts() {
            if view.state.is_active() {
                let note = view.acknowledged.and_then(|act| act.note);
                println!("@ active {} {}", view.id, note.unwrap_or("-".to_owned()));
            }
            let shard = (0..LOADS).find(|shard| load_id(*shard) == view.id);
            // An alert that was resolved by hand waits until its condition is false.
            if let Some(shard) = shard {
                self.are_high[shard] = view.state == AlertState::Firing;
            }
            let code = (0..CODES).find(|number| code_id(*number) == view.id);
            if let Some(code) = code {
                self.are_fired[code] = view.state == AlertState::Firing;
            }
        }
        for note in self.silences() {
            println!("@ silence {note}");
        }
        let what = "the history has the silences that are listed, and no others";
        until(what, async || self.told_silences().await == self.silences()).await;
        for (gauge, is_high) in self.loads.iter().zip(&self.are_high) {
            gauge.set(f64::from(u8::from(*is_high)));
        }
        println!("@ started");
    }

    /// The notes of the silences.
    fn silences(&self) -> BTreeSet<String> {
        let silences = self.alerts.silences().into_iter();
        silences.filter_map(|silence| silence.note).collect()
    }

    /// The notes of the silences that began and did not end, as the history tells it.
    async fn told_silences(&self) -> BTreeSet<String> {
        let (mut began, mut ended) = (BTreeSet::new(), BTreeSet::new());
        let mut query = HistoryQuery::latest(10_000);
        loop {
            let page = self.alerts.history(&query).await.unwrap();
            for event in page.events {
                if let Event::Silence(it) = event {
                    let notes = if it.began { &mut began } else { &mut ended };
                    assert!(notes.insert(it.silence.note.unwrap()));
                }
            }
            query.before = page.next;
            if query.before.is_none() {
                return began.difference(&ended).cloned().collect();
            }
        }
    }

    async fn evaluate(&self, act: &str) {
        println!("@ try {act}");
        let snapshot = self.prometheus.snapshot();
        let changes = self.alerts.evaluate_at(&snapshot, SystemTime::now()).await;
        for change in changes.unwrap() {
            println!(
                "@ done {} {} {} {}",
                change.alert,
                change.from,
                change.to,
                nanos(change.at)
            );
        }
    }

    /// Alerts that fire, and that people act on.
    fn people_s(&self) -> Vec<AlertId> {
        let plain = plain_ids();
        let views = self.alerts.alerts().into_iter();
        views
            .filter(|view| view.state == AlertState::Firing && !plain.contains(&view.id))
            .map(|view| view.id)
            .collect()
    }

    async fn act(&mut self) {
        match self.random.below(12) {
            0..=4 => {
                let shard = self.random.below(LOADS);
                self.are_high[shard] ^= true;
                self.loads[shard].set(f64::from(u8::from(self.are_high[shard])));
                self.evaluate("load").await;
            }
            5 | 6 => {
                let number = self.random.below(CODES);
                self.are_fired[number] ^= true;
                if self.are_fired[number] {
                    self.alerts.fire(code_alert(number));
                } else {
                    self.alerts.clear(code_id(number));
                }
                self.evaluate("code").await;
            }
            7 | 8 => {
                let Some(id) = self.random.of(&self.people_s()).copied() else {
                    return;
                };
                let note = self.random.next().to_string();
                println!("@ try acknowledge {note}");
                self.alerts
                    .acknowledge(id, "ann", Some(&note))
                    .await
                    .unwrap();
                println!("@ acknowledged {note}");
            }
            9 => {
                let Some(id) = self.random.of(&self.people_s()).copied() else {
                    return;
                };
                let by = self.random.next().to_string();
                println!("@ try resolve {by}");
                self.alerts.resolve(id, &by).await.unwrap();
                println!("@ resolved {by}");
            }
            10 => {
                let shard = SILENCED + self.random.below(LOADS - SILENCED);
                let target = SilenceTarget::Alert(load_id(shard));
                let note = self.random.next().to_string();
                println!("@ try suppress {note}");
                let until = SystemTime::now() + HOUR;
                let ids = self
                    .alerts
                    .suppress(target, until, "bob", Some(&note))
                    .await;
                match ids {
                    Ok(_) => println!("@ suppressed {note}"),
                    // An alert that never fired is unknown.
                    Err(error) => assert!(error.to_string().contains("no such alert")),
                }
            }
            _ => {
                let silences = self.alerts.silences();
                let Some(silence) = self.random.of(&silences) else {
                    return;
                };
                let note = silence.note.clone().unwrap();
                println!("@ try unsuppress {note}");
                assert!(self.alerts.unsuppress(&silence.id, "bob").await.unwrap());
                println!("@ unsuppressed {note}");
            }
        }
    }
}

/// Only the killer starts it with a place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_that_is_killed() {
    let Ok(place) = std::env::var(PLACE) else {
        return;
    };
    println!("@ begins");
    let seed = std::env::var(SEED).unwrap().parse().unwrap();
    let mut service = Service::new(&place, seed);
    service.start().await;
    match &*std::env::var(TASK).unwrap() {
        "act" => loop {
            service.act().await;
        },
        "rest" => std::future::pending().await,
        _ => {
            service.alerts.shutdown(Duration::from_secs(20)).await;
            println!("@ settled");
        }
    }
}
