//! The checks that need no server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::health::{assert_says, result, with};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;
use tower_vitals::Health;
use tower_vitals::health::Status;
use tower_vitals::health::checks::{
    Configuration, Disk, Heartbeat, Memory, RegisteredModules, StorageRoundTrip, Store, Uptime,
};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, Default)]
enum Fault {
    #[default]
    None,
    Slow,
    Empty,
    WrongValue,
    ReadOnly,
    WriteOnly,
    Hangs,
    LosesWrites,
}

/// A store with a fault.
#[derive(Clone, Default)]
struct MemoryStore {
    values: Arc<Mutex<HashMap<String, String>>>,
    fault: Arc<Mutex<Fault>>,
}

impl MemoryStore {
    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap()
    }

    fn set_fault(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

impl Store for MemoryStore {
    type Error = String;

    async fn set(&self, key: &str, value: &str) -> Result<(), String> {
        match self.fault() {
            Fault::ReadOnly => return Err("read-only".to_owned()),
            Fault::Hangs => std::future::pending().await,
            Fault::Slow => sleep(SECOND).await,
            Fault::Empty | Fault::LosesWrites => return Ok(()),
            _ => {}
        }
        let mut values = self.values.lock().unwrap();
        values.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<String>, String> {
        // Lets other instances write in between.
        tokio::task::yield_now().await;
        match self.fault() {
            Fault::WriteOnly => return Err("write-only".to_owned()),
            Fault::Slow => sleep(SECOND / 2).await,
            Fault::Empty => return Ok(None),
            Fault::WrongValue => return Ok(Some("something else".to_owned())),
            _ => {}
        }
        Ok(self.values.lock().unwrap().get(key).cloned())
    }
}

#[tokio::test(start_paused = true)]
async fn storage_is_healthy_if_it_returns_the_written_value() {
    const WRONG: &str = "a value other than the written one";
    let store = MemoryStore::default();
    let health = with(StorageRoundTrip::new(store.clone()));
    for (fault, status, text) in [
        (Fault::None, Status::Healthy, ""),
        (Fault::Slow, Status::Degraded, "took longer than 1s"),
        (Fault::Empty, Status::Unhealthy, "is missing"),
        (Fault::LosesWrites, Status::Unhealthy, WRONG),
        (Fault::WrongValue, Status::Unhealthy, WRONG),
        (
            Fault::ReadOnly,
            Status::Unhealthy,
            "cannot write: read-only",
        ),
        (
            Fault::WriteOnly,
            Status::Unhealthy,
            "cannot read: write-only",
        ),
        (Fault::Hangs, Status::Unhealthy, "timed out after 2s"),
        (Fault::None, Status::Healthy, ""),
    ] {
        store.set_fault(fault);
        assert_says(&result(&health).await, status, text);
    }
    store.set_fault(Fault::Slow);
    let slow = result(&health).await;
    assert_eq!(slow.data()["set_ms"], 1000.0);
    assert_eq!(slow.data()["get_ms"], 500.0);
    assert_eq!(
        store.values.lock().unwrap().len(),
        1,
        "all writes go to the same key"
    );
    let check = StorageRoundTrip::new(store).slow_after(2 * SECOND);
    assert_eq!(
        result(&with(check.key("own"))).await.status(),
        Status::Healthy
    );
}

#[tokio::test]
async fn instances_may_share_a_key() {
    let store = MemoryStore::default();
    let instances = [(); 8].map(|()| with(StorageRoundTrip::new(store.clone())));
    for _ in 0..200 {
        for result in join_all(instances.iter().map(result)).await {
            assert_eq!(result.status(), Status::Healthy, "{result:?}");
        }
    }
    store.set_fault(Fault::LosesWrites);
    let mut values = store.values.lock().unwrap().clone();
    for value in values.values_mut() {
        let (instance, rest) = value.split_once(' ').unwrap();
        let (millis, count) = rest.split_once(' ').unwrap();
        let long_ago = millis.parse::<u64>().unwrap() - 120_000;
        *value = format!("{instance} {long_ago} {count}");
    }
    *store.values.lock().unwrap() = values;
    for instance in &instances {
        assert_says(
            &result(instance).await,
            Status::Unhealthy,
            "a value other than the written one",
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_due_within_its_interval() {
    let worker = Heartbeat::new(10 * SECOND);
    let health = with(worker.clone());
    sleep(10 * SECOND).await;
    assert_eq!(result(&health).await.status(), Status::Healthy);
    sleep(SECOND).await;
    assert_says(
        &result(&health).await,
        Status::Unhealthy,
        "no beat yet after 11.0s: expected every 10s",
    );
    worker.beat();
    assert_eq!(result(&health).await.status(), Status::Healthy);
    sleep(12 * SECOND).await;
    let late = result(&health).await;
    assert_says(&late, Status::Unhealthy, "no beat for 12.0s");
    assert_eq!(late.data()["age_ms"], 12_000.0);
    assert_eq!(late.data()["interval_ms"], 10_000.0);
}

#[tokio::test]
async fn missing_modules_are_named() {
    let plugins = RegisteredModules::new(["search", "billing", "mail"]);
    let health = with(plugins.clone());
    plugins.register("mail");
    plugins.register("unexpected");
    let partial = result(&health).await;
    assert_says(
        &partial,
        Status::Unhealthy,
        "not registered: billing, search",
    );
    assert_eq!(partial.data()["registered"], json!(["mail"]));
    plugins.register("billing");
    plugins.register("search");
    assert_eq!(result(&health).await.status(), Status::Healthy);
    plugins.deregister("mail");
    assert_says(
        &result(&health).await,
        Status::Unhealthy,
        "not registered: mail",
    );
}

#[tokio::test]
async fn missing_settings_are_named_and_values_are_not_shown() {
    let complete = with(Configuration::environment(["PATH"]));
    let complete = result(&complete).await;
    assert_eq!(complete.status(), Status::Healthy);
    let path = std::env::var("PATH").unwrap();
    assert!(!format!("{complete:?}").contains(&path));
    let missing = with(Configuration::environment([
        "PATH",
        "VITALS_NOT_SET_1",
        "VITALS_NOT_SET_2",
    ]));
    let missing = result(&missing).await;
    assert_says(
        &missing,
        Status::Unhealthy,
        "not set: VITALS_NOT_SET_1, VITALS_NOT_SET_2",
    );
    assert_eq!(
        missing.data()["missing"],
        json!(["VITALS_NOT_SET_1", "VITALS_NOT_SET_2"])
    );
    let custom = with(Configuration::new(["a", "b"], |name| name == "a"));
    assert_says(&result(&custom).await, Status::Unhealthy, "not set: b");
}

#[tokio::test(start_paused = true)]
async fn uptime_never_fails() {
    let health = with(Uptime::new());
    sleep(3725 * SECOND).await;
    let uptime = result(&health).await;
    assert_eq!(uptime.status(), Status::Healthy);
    assert_eq!(uptime.data()["uptime_seconds"], 3725);
    assert_eq!(uptime.data()["uptime_human"], "1h 2m 5s");
}

#[tokio::test]
async fn a_disk_is_judged_by_used_or_free_space() {
    let disk = result(&with(Disk::new("/").degraded_at(101.0).unhealthy_at(101.0))).await;
    assert_eq!(disk.status(), Status::Healthy);
    let used = disk.data()["used_percent"].as_f64().unwrap();
    let (available, total) = (&disk.data()["available_bytes"], &disk.data()["total_bytes"]);
    assert!((0.0..=100.0).contains(&used));
    assert!(available.as_u64().unwrap() <= total.as_u64().unwrap());
    assert_says(
        &result(&with(Disk::new("/").degraded_at(0.0).unhealthy_at(101.0))).await,
        Status::Degraded,
        "% full",
    );
    assert_says(
        &result(&with(Disk::new("/").min_free(u64::MAX, u64::MAX))).await,
        Status::Unhealthy,
        "bytes are free",
    );
    assert_says(
        &result(&with(Disk::new("/no/such/place"))).await,
        Status::Unhealthy,
        "cannot read /no/such/place: ",
    );
}

#[tokio::test]
async fn clones_of_a_check_run_independently() {
    let (disk, memory) = (
        Disk::new("/").unhealthy_at(101.0),
        Memory::new().unhealthy_at(101.0),
    );
    let health = (0..20).fold(Health::builder(), |health, n| {
        health
            .check(format!("disk {n}"), disk.clone())
            .check(format!("memory {n}"), memory.clone())
    });
    let report = health.build().unwrap().report().await;
    assert_eq!(report.failures().count(), 0, "{report:?}");
}

#[tokio::test]
async fn memory_is_judged_by_used_bytes() {
    let memory = result(&with(Memory::new().degraded_at(101.0).unhealthy_at(101.0))).await;
    assert_eq!(memory.status(), Status::Healthy, "{memory:?}");
    assert!(memory.data()["used_bytes"].as_u64() <= memory.data()["total_bytes"].as_u64());
    assert_says(
        &result(&with(Memory::new().unhealthy_at(0.0))).await,
        Status::Unhealthy,
        "memory is used",
    );
}
