//! A channel that stopped is told of all alerts that fire when it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification, NotificationReason};
use tower_vitals::alerts::stores::MemoryAlerts;
use tower_vitals::alerts::{Alert, Alerts, Receiver};

use crate::support::until;

/// Refuses its key until it is repaired. Keeps the alerts that it takes.
#[derive(Clone, Default)]
struct Pager {
    key: u64,
    works: Arc<AtomicBool>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Channel for Pager {
    fn kind(&self) -> &'static str {
        "pager"
    }

    fn send<'a>(&'a self, sent: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async {
            if !self.works.load(Ordering::SeqCst) {
                return Err(DeliveryError::stopped("401: unknown key"));
            }
            let is_test = sent.reason == NotificationReason::Test;
            for alert in sent.alerts.iter().filter(|_| !is_test) {
                let state = if alert.is_firing { "fires" } else { "ended" };
                self.told.lock().push(format!("{} {state}", alert.name));
            }
            Ok(())
        })
    }

    fn fingerprint(&self) -> u64 {
        self.key
    }
}

fn engine(pager: &Pager, store: &MemoryAlerts) -> Alerts {
    let receiver = Receiver::from(pager.clone()).group_wait(Duration::ZERO);
    let alerts = Alerts::builder().channel(receiver).store(store.clone());
    alerts.run().unwrap()
}

fn is_stopped(alerts: &Alerts) -> bool {
    let channels = alerts.stats().channels;
    channels.iter().any(|channel| channel.stopped.is_some())
}

#[tokio::test]
async fn a_test_that_arrives_is_followed_by_all_alerts_that_fire() {
    let (pager, store) = (Pager::default(), MemoryAlerts::default());
    let alerts = engine(&pager, &store);
    alerts.fire(Alert::critical("the disk is full").name("Disk"));
    until("the channel is stopped", async || is_stopped(&alerts)).await;
    let over = alerts.fire(Alert::critical("7 jobs failed").name("Jobs"));
    alerts.fire(Alert::critical("no backup").name("Backup"));
    until("all fire", async || alerts.alerts().len() == 3).await;
    alerts.clear(over);
    until("one ended", async || alerts.alerts().len() == 2).await;
    pager.works.store(true, Ordering::SeqCst);
    alerts.test_channel("pager").await.unwrap();
    until("it is told", async || pager.told.lock().len() >= 3).await;
    let mut told = pager.told.lock().clone();
    told.sort();
    // Nobody was told of the end yet.
    assert_eq!(told, ["Backup fires", "Disk fires", "Jobs ended"]);
}

#[tokio::test]
async fn another_key_is_followed_by_all_alerts_that_fire() {
    let (mut pager, store) = (Pager::default(), MemoryAlerts::default());
    let alerts = engine(&pager, &store);
    alerts.fire(Alert::critical("the disk is full").name("Disk"));
    until("the channel is stopped", async || is_stopped(&alerts)).await;
    alerts.shutdown(Duration::from_secs(5)).await;
    pager.works.store(true, Ordering::SeqCst);
    pager.key = 1;
    let alerts = engine(&pager, &store);
    until("it is told", async || !pager.told.lock().is_empty()).await;
    assert_eq!(*pager.told.lock(), ["Disk fires"]);
    assert!(!is_stopped(&alerts));
}
