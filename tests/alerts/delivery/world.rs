//! A worker with a store and channels that are scripted.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Mode, Notification, NotificationReason};
use tower_vitals::alerts::delivery::{Delivery, DeliveryBuilder, Outlet};
use tower_vitals::alerts::stores::{
    DeliveryResult, Event, Lease, NotificationEvent, Queued, Saved,
};

use super::fakes::{Answer, Scripted, Store};
use crate::metrics::seconds;

pub(super) const MINUTE: Duration = seconds(60);

pub(super) struct World {
    pub(super) start: Instant,
    pub(super) store: Arc<Store>,
    pub(super) lease: watch::Sender<Lease>,
    pub(super) prometheus: Prometheus,
    pub(super) channels: Vec<(Outlet, Arc<Scripted>)>,
    pub(super) max_queued: usize,
    pub(super) jitter: f64,
    delivery: Option<Delivery>,
}

impl World {
    /// A world in which the channels follow each other as fallbacks: "a > b > c".
    pub(super) fn chain(names: &str) -> Self {
        let mut world = Self::empty();
        let names: Vec<_> = names.split(" > ").collect();
        for (index, name) in names.iter().enumerate() {
            let mut receiver = world.receiver(name, Mode::Notifications, 0);
            receiver.0.fallback = names.get(index + 1).map(|name| (*name).to_owned());
            world.channels.push(receiver);
        }
        world
    }

    /// A world with one channel of this mode.
    pub(super) fn mode(mode: Mode) -> Self {
        let mut world = Self::empty();
        world.channels = vec![world.receiver("a", mode, 0)];
        world
    }

    pub(super) fn empty() -> Self {
        let start = Instant::now();
        Self {
            start,
            store: Store::new(start),
            lease: watch::Sender::new(Lease::endless()),
            prometheus: Prometheus::builder().build().unwrap(),
            channels: Vec::new(),
            max_queued: 10_000,
            jitter: 0.5,
            delivery: None,
        }
    }

    pub(super) fn receiver(
        &self,
        name: &str,
        mode: Mode,
        fingerprint: u64,
    ) -> (Outlet, Arc<Scripted>) {
        let channel = Arc::new(Scripted {
            start: self.start,
            script: Mutex::default(),
            always: Mutex::new(Answer::Ok),
            poison: Mutex::default(),
            sent: Mutex::default(),
            mode,
            fingerprint,
            deduplicates: AtomicBool::new(false),
            running: Mutex::default(),
        });
        (Outlet::new(name, Arc::<Scripted>::clone(&channel)), channel)
    }

    pub(super) fn builder(&self) -> DeliveryBuilder {
        let (start, jitter) = (self.start, self.jitter);
        let receivers = self.channels.iter().map(|(receiver, _)| receiver.clone());
        Delivery::builder(
            Arc::<Store>::clone(&self.store),
            "main",
            self.lease.subscribe(),
        )
        .receivers(receivers)
        .max_queued(self.max_queued)
        .recorder(self.prometheus.clone())
        .clock(move || epoch() + start.elapsed())
        .jitter(move || jitter)
    }

    pub(super) fn start(mut self) -> Self {
        self.restart();
        self
    }

    /// Ends the worker as a crash does, and starts another one with the state of the store.
    pub(super) fn restart(&mut self) {
        self.crash();
        let saved: Saved = self.store.saved();
        self.delivery = Some(self.builder().start(&saved).unwrap());
    }

    pub(super) fn crash(&mut self) {
        self.delivery = None;
    }

    pub(super) fn worker(&self) -> &Delivery {
        self.delivery.as_ref().unwrap()
    }

    pub(super) fn channel(&self, name: &str) -> &Scripted {
        let mut channels = self.channels.iter();
        &channels.find(|(it, _)| it.name == name).unwrap().1
    }

    /// Queues a notification for the first channel, durably.
    pub(super) fn queue(&self, group: &str) -> Queued {
        let queued = self.queued(group);
        self.enqueue(vec![queued.clone()]);
        queued
    }

    pub(super) fn enqueue(&self, queued: Vec<Queued>) {
        self.store.queue(&queued);
        self.worker().enqueue(queued);
    }

    pub(super) fn queued(&self, group: &str) -> Queued {
        let now = epoch() + self.start.elapsed();
        let mut notification = Notification::new(NotificationReason::First, group, now);
        notification.text = Some(format!("title of {group}"));
        Queued::new(&self.channels[0].0.name, notification)
    }

    /// Passes the time until this many milliseconds after the start.
    pub(super) async fn until(&self, milliseconds: u64) {
        sleep_until(self.start + Duration::from_millis(milliseconds)).await;
    }

    /// The events: `a First delivered 1`.
    pub(super) fn events(&self) -> Vec<String> {
        let events = self.notification_events();
        let short = events.iter().map(|event| {
            let (channel, reason, attempts) = (&event.channel, event.reason, event.attempts);
            let (group, result) = (&event.group_key, event.result);
            format!("{channel} {group} {reason:?} {result:?} {attempts}")
        });
        short.collect()
    }

    pub(super) fn notification_events(&self) -> Vec<NotificationEvent> {
        let events = self.store.ledger().events.into_iter();
        let events = events.map(|event| match event {
            Event::Notification(event) => event,
            other => panic!("{other:?}"),
        });
        events.collect()
    }

    pub(super) fn results(&self) -> BTreeMap<&'static str, usize> {
        let mut results = BTreeMap::new();
        for event in self.notification_events() {
            let name = match event.result {
                DeliveryResult::Delivered => "delivered",
                DeliveryResult::Dropped => "dropped",
                other => panic!("{other:?}"),
            };
            *results.entry(name).or_default() += 1;
        }
        results
    }

    pub(super) fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let snapshot = self.prometheus.snapshot();
        snapshot.sum(name, labels).unwrap_or(f64::NAN)
    }
}

/// The time of the start.
pub(super) fn epoch() -> SystemTime {
    SystemTime::UNIX_EPOCH + seconds(1_800_000_000)
}
