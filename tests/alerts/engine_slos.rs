//! SLOs of an engine: each event is counted once.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tower_vitals::Error;
use tower_vitals::alerts::Alerts;
use tower_vitals::alerts::slo::{Slo, SloBook, Slos};
use tower_vitals::alerts::stores::{AlertStore, MemoryAlerts};

use crate::slo::world::Process;

struct World {
    process: Process,
    store: MemoryAlerts,
    alerts: Alerts,
    began: (SystemTime, Instant),
}

impl World {
    fn new() -> Self {
        let (process, store) = (Process::start(), MemoryAlerts::new());
        let alerts = Alerts::builder()
            .metrics(process.prometheus.clone())
            .slos(Slos::builder().slo(slo()))
            .store(store.clone())
            .manual();
        Self {
            alerts: alerts.run().unwrap(),
            process,
            store,
            began: (SystemTime::now(), Instant::now()),
        }
    }

    fn now(&self) -> SystemTime {
        let (began, steady) = self.began;
        began + steady.elapsed()
    }

    async fn evaluate(&self) -> Result<(), Error> {
        let snapshot = self.process.prometheus.snapshot();
        let done = self.alerts.evaluate_at(&snapshot, self.now()).await;
        done.map(drop)
    }

    /// The bad and all events of the period, as the engine judged them last.
    fn budget_remaining(&self) -> f64 {
        let snapshot = self.process.prometheus.snapshot();
        let labels = [("slo", "checkout")];
        let remaining = snapshot.sum("slo_error_budget_remaining_ratio", &labels);
        remaining.unwrap()
    }

    /// The bad and all events of the period, as they are saved.
    async fn saved(&self, at: SystemTime) -> (u64, u64) {
        let saved = self.store.load("local").await.unwrap();
        let book: SloBook = serde_json::from_slice(&saved.documents["slo"]).unwrap();
        let period = book.evaluate(&slo(), at).period;
        (period.bad, period.total)
    }
}

fn slo() -> Slo {
    Slo::availability("checkout", 0.99)
}

fn remaining(bad: f64, total: f64) -> f64 {
    1.0 - bad / total / 0.01
}

#[tokio::test(start_paused = true)]
async fn events_are_counted_once_though_another_engine_held_the_alerts_for_a_while() {
    let world = World::new();
    world.process.serve(990, 10);
    world.evaluate().await.unwrap();
    assert!((world.budget_remaining() - remaining(10.0, 1_000.0)).abs() < 1e-9);
    // The process stalls until its lease is over.
    sleep(Duration::from_secs(60)).await;
    let second = Duration::from_secs(1);
    let lease = world.store.lease("local", "other", second).await.unwrap();
    world.evaluate().await.unwrap();
    let alert = tower_vitals::alerts::Alert::error("odd").id();
    let error = world.alerts.resolve(alert, "ann").await.unwrap_err();
    assert_eq!(error.to_string(), "another instance holds these alerts");
    world.process.serve(0, 10);
    world.store.release("local", lease.unwrap()).await.unwrap();
    world.evaluate().await.unwrap();
    assert!((world.budget_remaining() - remaining(20.0, 1_010.0)).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn counts_are_saved_after_a_step_back_of_the_clock() {
    let mut world = World::new();
    world.process.serve(99, 1);
    world.evaluate().await.unwrap();
    world.began.0 -= Duration::from_secs(3_600);
    world.process.serve(99, 1);
    world.evaluate().await.unwrap();
    let later = world.now() + Duration::from_secs(3_600);
    assert_eq!(world.saved(later).await, (2, 200));
}

#[tokio::test(start_paused = true)]
async fn counts_are_saved_at_the_end() {
    let world = World::new();
    world.process.serve(99, 1);
    world.evaluate().await.unwrap();
    sleep(Duration::from_secs(15)).await;
    world.process.serve(99, 1);
    world.evaluate().await.unwrap();
    assert_eq!(world.saved(world.now()).await, (1, 100));
    world.alerts.shutdown(Duration::from_secs(1)).await;
    assert_eq!(world.saved(world.now()).await, (2, 200));
}
