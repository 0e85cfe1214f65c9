//! The checks that need no server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::health::{assert_says, result, with};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;
use tower_vitals::Health;
use tower_vitals::health::Status;
use tower_vitals::health::checks::{
    Configuration, Disk, Heartbeat, Memory, Registered, Storage, Store, Uptime,
};

const SECOND: Duration = Duration::from_secs(1);

/// A store that does what it is told.
#[derive(Clone, Default)]
struct Shelf {
    values: Arc<Mutex<HashMap<String, String>>>,
    mood: Arc<AtomicU8>,
}

const FINE: u8 = 0;
const SLOW: u8 = 1;
const FORGETS: u8 = 2;
const MIXES_UP: u8 = 3;
const READ_ONLY: u8 = 4;
const WRITE_ONLY: u8 = 5;
const HANGS: u8 = 6;
const FORGETS_LATER: u8 = 7;

impl Shelf {
    fn mood(&self) -> u8 {
        self.mood.load(Ordering::SeqCst)
    }
}

impl Store for Shelf {
    type Error = String;

    async fn set(&self, key: &str, value: &str) -> Result<(), String> {
        match self.mood() {
            READ_ONLY => return Err("read-only".to_owned()),
            HANGS => std::future::pending().await,
            SLOW => sleep(SECOND).await,
            FORGETS | FORGETS_LATER => return Ok(()),
            _ => {}
        }
        let mut values = self.values.lock().unwrap();
        values.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<String>, String> {
        // Others write meanwhile.
        tokio::task::yield_now().await;
        match self.mood() {
            WRITE_ONLY => return Err("write-only".to_owned()),
            SLOW => sleep(SECOND / 2).await,
            FORGETS => return Ok(None),
            MIXES_UP => return Ok(Some("something else".to_owned())),
            _ => {}
        }
        Ok(self.values.lock().unwrap().get(key).cloned())
    }
}

#[tokio::test(start_paused = true)]
async fn storage_is_healthy_when_what_was_written_comes_back() {
    let shelf = Shelf::default();
    let health = with(Storage::round_trip(shelf.clone()));
    for (mood, status, words) in [
        (FINE, Status::Healthy, ""),
        (SLOW, Status::Degraded, "took longer than 1s"),
        (FORGETS, Status::Unhealthy, "is not there"),
        (FORGETS_LATER, Status::Unhealthy, "another value came back"),
        (MIXES_UP, Status::Unhealthy, "another value came back"),
        (READ_ONLY, Status::Unhealthy, "cannot write: read-only"),
        (WRITE_ONLY, Status::Unhealthy, "cannot read: write-only"),
        (HANGS, Status::Unhealthy, "timed out after 2s"),
        (FINE, Status::Healthy, ""),
    ] {
        shelf.mood.store(mood, Ordering::SeqCst);
        assert_says(&result(&health).await, status, words);
    }
    shelf.mood.store(SLOW, Ordering::SeqCst);
    let slow = result(&health).await;
    assert_eq!(slow.data()["set_ms"], 1000.0);
    assert_eq!(slow.data()["get_ms"], 500.0);
    assert_eq!(
        shelf.values.lock().unwrap().len(),
        1,
        "one key, however often"
    );
    let patient = with(Storage::round_trip(shelf).slow_after(2 * SECOND).key("own"));
    assert_eq!(result(&patient).await.status(), Status::Healthy);
}

#[tokio::test]
async fn instances_may_share_a_key() {
    let shelf = Shelf::default();
    let instances = [(); 8].map(|()| with(Storage::round_trip(shelf.clone())));
    for _ in 0..200 {
        let found = join_all(instances.iter().map(result)).await;
        for found in found {
            assert_eq!(found.status(), Status::Healthy, "{found:?}");
        }
    }
    shelf.mood.store(FORGETS_LATER, Ordering::SeqCst);
    let mut values = shelf.values.lock().unwrap().clone();
    for value in values.values_mut() {
        let (instance, rest) = value.split_once(' ').unwrap();
        let (millis, count) = rest.split_once(' ').unwrap();
        let long_ago = millis.parse::<u64>().unwrap() - 120_000;
        *value = format!("{instance} {long_ago} {count}");
    }
    *shelf.values.lock().unwrap() = values;
    for instance in &instances {
        assert_says(
            &result(instance).await,
            Status::Unhealthy,
            "another value came back",
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_due_within_its_interval() {
    let worker = Heartbeat::within(10 * SECOND);
    let health = with(worker.clone());
    sleep(10 * SECOND).await;
    assert_eq!(result(&health).await.status(), Status::Healthy);
    sleep(SECOND).await;
    assert_says(
        &result(&health).await,
        Status::Unhealthy,
        "no beat yet after 11.0s; one is due every 10s",
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
async fn what_has_not_registered_is_named() {
    let plugins = Registered::expects(["search", "billing", "mail"]);
    let health = with(plugins.clone());
    plugins.register("mail");
    plugins.register("a stranger");
    let found = result(&health).await;
    assert_says(&found, Status::Unhealthy, "not registered: billing, search");
    assert_eq!(found.data()["registered"], json!(["mail"]));
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
async fn missing_settings_are_named_and_values_never() {
    let there = with(Configuration::environment(["PATH"]));
    let found = result(&there).await;
    assert_eq!(found.status(), Status::Healthy);
    let path = std::env::var("PATH").unwrap();
    assert!(!format!("{found:?}").contains(&path));
    let missing = with(Configuration::environment([
        "PATH",
        "VITALS_NOT_SET_1",
        "VITALS_NOT_SET_2",
    ]));
    let found = result(&missing).await;
    assert_says(
        &found,
        Status::Unhealthy,
        "not set: VITALS_NOT_SET_1, VITALS_NOT_SET_2",
    );
    assert_eq!(
        found.data()["missing"],
        json!(["VITALS_NOT_SET_1", "VITALS_NOT_SET_2"])
    );
    let own = with(Configuration::present(["a", "b"], |name| name == "a"));
    assert_says(&result(&own).await, Status::Unhealthy, "not set: b");
}

#[tokio::test(start_paused = true)]
async fn uptime_never_fails() {
    let health = with(Uptime::from_now());
    sleep(3725 * SECOND).await;
    let found = result(&health).await;
    assert_eq!(found.status(), Status::Healthy);
    assert_eq!(found.data()["uptime_seconds"], 3725);
    assert_eq!(found.data()["uptime_human"], "1h 2m 5s");
}

#[tokio::test]
async fn a_disk_is_judged_by_what_is_used_or_free() {
    let found = result(&with(Disk::of("/").degraded_at(101.0).unhealthy_at(101.0))).await;
    assert_eq!(found.status(), Status::Healthy);
    let used = found.data()["used_percent"].as_f64().unwrap();
    let (free, total) = (
        &found.data()["available_bytes"],
        &found.data()["total_bytes"],
    );
    assert!((0.0..=100.0).contains(&used));
    assert!(free.as_u64().unwrap() <= total.as_u64().unwrap());
    assert_says(
        &result(&with(Disk::of("/").degraded_at(0.0))).await,
        Status::Degraded,
        "% full",
    );
    assert_says(
        &result(&with(Disk::of("/").min_free(u64::MAX, u64::MAX))).await,
        Status::Unhealthy,
        "bytes are free",
    );
    assert_says(
        &result(&with(Disk::of("/no/such/place"))).await,
        Status::Unhealthy,
        "cannot read /no/such/place: ",
    );
}

#[tokio::test]
async fn clones_of_a_check_are_checks_of_their_own() {
    let (disk, memory) = (
        Disk::of("/").unhealthy_at(101.0),
        Memory::used().unhealthy_at(101.0),
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
async fn memory_is_judged_by_what_is_used() {
    let found = result(&with(Memory::used().degraded_at(101.0).unhealthy_at(101.0))).await;
    assert_eq!(found.status(), Status::Healthy, "{found:?}");
    assert!(found.data()["used_bytes"].as_u64() <= found.data()["total_bytes"].as_u64());
    assert_says(
        &result(&with(Memory::used().unhealthy_at(0.0))).await,
        Status::Unhealthy,
        "memory is used",
    );
}
