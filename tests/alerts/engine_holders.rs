//! Several engines of one name: one of them holds the alerts.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tower_vitals::Prometheus;
use tower_vitals::alerts::state::AlertId;
use tower_vitals::alerts::stores::{AlertStore, MemoryAlerts};
use tower_vitals::alerts::{Alert, Alerts};

fn start(store: impl AlertStore) -> Alerts {
    let builder = Alerts::builder().instance("shop-1").store(store);
    builder.manual().run().unwrap()
}

async fn evaluate(alerts: &Alerts) {
    let snapshot = Prometheus::builder().build().unwrap().snapshot();
    let done = alerts.evaluate_at(&snapshot, SystemTime::now()).await;
    done.unwrap();
}

/// Fires an alert, and returns whether the engine took it up.
async fn takes(alerts: &Alerts, name: &str) -> bool {
    let id = alerts.fire(Alert::error("odd").name(name));
    evaluate(alerts).await;
    alerts.knows(id)
}

fn id(name: &str) -> AlertId {
    Alert::error("odd").name(name).id()
}

async fn one_of_two_engines_holds_the_alerts(open: impl Fn() -> Box<dyn Fn() -> Alerts>) {
    let start = open();
    let (first, second) = (start(), start());
    assert!(takes(&first, "a").await);
    assert!(!takes(&second, "b").await);
    let error = second.resolve(id("a"), "ann").await.unwrap_err();
    assert_eq!(error.to_string(), "another instance holds these alerts");
    assert!(takes(&first, "c").await);
    // It ends without a word.
    drop(first);
    let began = Instant::now();
    while !second.knows(id("a")) {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it waits for the lease"
        );
        sleep(Duration::from_millis(10)).await;
        evaluate(&second).await;
    }
    for name in ["a", "b", "c"] {
        assert!(second.knows(id(name)), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_of_two_engines_holds_the_alerts_in_memory() {
    one_of_two_engines_holds_the_alerts(|| {
        let store = MemoryAlerts::new();
        Box::new(move || start(store.clone()))
    })
    .await;
}

#[cfg(feature = "alerts-sqlite")]
#[tokio::test]
async fn one_of_two_engines_holds_the_alerts_in_a_file() {
    use tower_vitals::alerts::stores::SqliteAlerts;

    let file = crate::stores::SqliteFile::new("engine-holders");
    one_of_two_engines_holds_the_alerts(|| {
        let file = file.0.clone();
        Box::new(move || start(SqliteAlerts::open(&file)))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_holds_nothing_for_long_is_unhealthy() {
    let store = MemoryAlerts::new();
    let (first, second) = (start(store.clone()), start(store));
    let mut health = Vec::new();
    for _ in 0..7 {
        evaluate(&first).await;
        evaluate(&second).await;
        health.push(second.health_check()().await);
        sleep(Duration::from_secs(30)).await;
    }
    let problem = "another process holds the alerts of this instance since 120 s";
    assert_eq!(health[3], Ok(()));
    assert_eq!(health[4], Err(problem.to_owned()));
    first.shutdown(Duration::from_secs(1)).await;
    evaluate(&second).await;
    assert_eq!(second.health_check()().await, Ok(()));
}

/// The holder of a process that has ended, as an engine of it wrote it.
#[cfg(target_os = "linux")]
fn holder_of_an_ended_process() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let boot = read("/proc/sys/kernel/random/boot_id");
    let namespace = std::fs::read_link("/proc/self/ns/pid").unwrap();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let pid = child.id();
    child.wait().unwrap();
    format!(
        "shop 1 some-id {},{},{pid},17",
        boot.trim(),
        namespace.display()
    )
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn the_alerts_of_a_process_that_has_ended_are_taken_over_at_once() {
    let (store, hour) = (MemoryAlerts::new(), Duration::from_secs(3_600));
    let ended = holder_of_an_ended_process();
    store.lease("local", &ended, hour).await.unwrap().unwrap();
    assert!(takes(&start(store), "a").await);
    // On another machine, nobody knows.
    let store = MemoryAlerts::new();
    let foreign = ended.replacen('-', "", 6);
    store.lease("local", &foreign, hour).await.unwrap().unwrap();
    assert!(!takes(&start(store), "a").await);
}
