//! The health of the engine, and the heartbeats that depend on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tokio::time::sleep;
use tower_vitals::Prometheus;
use tower_vitals::alerts::channels::{Channel, DeliveryError, Mode, Notification};
use tower_vitals::alerts::{Alert, Alerts, AlertsBuilder, Receiver};

use crate::engine_outages::{Fault, Faulty};
use crate::kept::Kept;

const MINUTE: Duration = Duration::from_secs(60);

/// Counts beats.
#[derive(Clone, Default)]
struct Beats(Arc<AtomicUsize>);

impl Channel for Beats {
    fn kind(&self) -> &'static str {
        "beats"
    }

    fn mode(&self) -> Mode {
        Mode::Heartbeat { every: MINUTE }
    }

    fn send<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

impl Beats {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

async fn health(alerts: &Alerts) -> Result<(), String> {
    alerts.health_check()().await
}

async fn evaluate(alerts: &Alerts) {
    let snapshot = Prometheus::builder().build().unwrap().snapshot();
    // The failure of the store is the subject of the test.
    let _ = alerts.evaluate_at(&snapshot, SystemTime::now()).await;
}

fn beating(beats: &Beats) -> AlertsBuilder {
    Alerts::builder().channel(beats.clone())
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_metrics_is_healthy() {
    let alerts = Alerts::builder().run().unwrap();
    sleep(10 * MINUTE).await;
    assert_eq!(health(&alerts).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_evaluate_is_unhealthy() {
    let alerts = Alerts::builder().manual().run().unwrap();
    evaluate(&alerts).await;
    assert_eq!(health(&alerts).await, Ok(()));
    sleep(10 * MINUTE).await;
    let problem = "the rules were last evaluated 600 s ago";
    assert_eq!(health(&alerts).await, Err(problem.to_owned()));
    evaluate(&alerts).await;
    assert_eq!(health(&alerts).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn the_longest_settle_time_is_no_fault() {
    let builder = Alerts::builder().settle(Duration::MAX);
    let alerts = builder.run().unwrap();
    sleep(MINUTE).await;
    assert_eq!(health(&alerts).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn only_evaluations_beat() {
    let beats = Beats::default();
    let builder = beating(&beats).interval(Duration::from_secs(3_600));
    let alerts = builder.channel(Kept::default()).run().unwrap();
    sleep(MINUTE).await;
    assert_eq!(beats.count(), 1);
    // Each of them is taken up at once.
    for number in 0..10 {
        alerts.fire(Alert::critical("odd").name(number.to_string()));
        sleep(2 * MINUTE).await;
    }
    assert_eq!(alerts.alerts().len(), 10);
    assert_eq!(beats.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_engine_with_a_problem_does_not_beat() {
    let (beats, store, kept) = (Beats::default(), Faulty::new(), Kept::default());
    let receiver = Receiver::new("chat", kept.clone());
    let builder = beating(&beats).channel(receiver).store(store.clone());
    let alerts = builder.manual().run().unwrap();
    let beat = async || {
        sleep(MINUTE).await;
        evaluate(&alerts).await;
        sleep(Duration::from_secs(5)).await;
        beats.count()
    };
    assert_eq!(beat().await, 1);
    store.set(Fault::Down);
    assert_eq!(beat().await, 1);
    store.set(Fault::None);
    assert_eq!(beat().await, 2);
    kept.refuse(DeliveryError::stopped("revoked"));
    alerts.test_channel("chat").await.unwrap_err();
    assert_eq!(beat().await, 2);
    kept.accept();
    alerts.test_channel("chat").await.unwrap();
    assert_eq!(beat().await, 3);
}
