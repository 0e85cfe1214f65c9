//! Collectors: scrapes see fresh values and do not wait for a collector that hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::until;
use tower_vitals::instrument::{Collectors, Plugins};
use tower_vitals::{ErrorKind, Prometheus};

fn prometheus() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

/// Collectors that count their collections.
fn counting(collections: &Arc<AtomicUsize>) -> Collectors {
    let collections = Arc::clone(collections);
    Collectors::new().custom(move || {
        collections.fetch_add(1, Ordering::SeqCst);
    })
}

#[test]
fn the_app_has_version_start_time_and_uptime() {
    let prometheus = prometheus();
    let _collecting = Collectors::new()
        .recorder(prometheus.clone())
        .app("1.2.0", "staging")
        .start()
        .unwrap();
    let snapshot = prometheus.snapshot();
    let labels = [("version", "1.2.0"), ("environment", "staging")];
    assert_eq!(snapshot.sum("app_info", &labels), Some(1.0));
    let uptime = snapshot.sum("app_uptime_seconds", &[]).unwrap();
    let start = snapshot.sum("app_start_time_seconds", &[]).unwrap();
    let now = snapshot
        .taken_at
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    assert!((0.0..10.0).contains(&uptime), "{uptime}");
    assert!(
        (now - start - uptime).abs() < 10.0,
        "{start} + {uptime} is not {now}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runtime_has_workers_tasks_and_parks() {
    let prometheus = prometheus();
    let tasks: Vec<_> = (0..7)
        .map(|_| tokio::spawn(std::future::pending::<()>()))
        .collect();
    let collecting = Collectors::new()
        .recorder(prometheus.clone())
        .runtime(&tokio::runtime::Handle::current())
        .every(Duration::from_millis(200))
        .start()
        .unwrap();
    let snapshot = prometheus.snapshot();
    assert_eq!(snapshot.sum("tokio_workers", &[]), Some(2.0));
    assert_eq!(snapshot.sum("tokio_alive_tasks", &[]), Some(7.0));
    assert!(snapshot.sum("tokio_global_queue_depth", &[]).is_some());
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    until("the tasks are gone and parks are counted", async || {
        let snapshot = prometheus.snapshot();
        snapshot.sum("tokio_alive_tasks", &[]) == Some(0.0)
            && snapshot.sum("tokio_park_count_total", &[]) > Some(0.0)
            && snapshot
                .sum("tokio_busy_ratio", &[])
                .is_some_and(|ratio| (0.0..=1.0).contains(&ratio))
    })
    .await;
    drop(collecting);
}

#[test]
fn a_task_of_a_runtime_that_is_stuck_has_a_delay_until_the_runtime_goes_on() {
    let prometheus = prometheus();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let collecting = Collectors::new()
        .recorder(prometheus.clone())
        .runtime(runtime.handle())
        .every(Duration::from_millis(200))
        .start()
        .unwrap();
    let delay = || {
        prometheus
            .snapshot()
            .sum("tokio_scheduling_delay_seconds", &[])
    };
    // Nobody drives the runtime.
    let deadline = Instant::now() + Duration::from_secs(20);
    while delay().is_none_or(|delay| delay < 0.5) {
        assert!(Instant::now() < deadline, "{:?}", delay());
        std::thread::sleep(Duration::from_millis(5));
    }
    runtime.block_on(until("new tasks run at once", async || {
        delay().is_some_and(|delay| delay < 0.4)
    }));
    drop(collecting);
}

#[test]
#[cfg(feature = "system")]
fn the_host_has_cpu_memory_and_disks() {
    let prometheus = prometheus();
    let collecting = Collectors::new()
        .recorder(prometheus.clone())
        .host()
        .disk(std::env::temp_dir())
        .disk("/nowhere/at/all")
        .start()
        .unwrap();
    let snapshot = prometheus.snapshot();
    assert_eq!(
        snapshot.sum("system_cpu_usage_ratio", &[]),
        None,
        "the first collection"
    );
    let memory = snapshot.sum("system_memory_used_ratio", &[]).unwrap();
    assert!(memory > 0.0 && memory < 1.0, "{memory}");
    assert!(snapshot.sum("system_memory_available_bytes", &[]).unwrap() > 1e6);
    let temporary = std::env::temp_dir().display().to_string();
    for mount in ["/", &*temporary] {
        let mount = [("mount", mount)];
        let used = snapshot.sum("system_disk_used_ratio", &mount).unwrap();
        assert!((0.0..=1.0).contains(&used), "{used}");
        assert!(
            snapshot
                .sum("system_disk_available_bytes", &mount)
                .is_some()
        );
    }
    assert_eq!(
        snapshot
            .family("system_disk_used_ratio")
            .unwrap()
            .series
            .len(),
        2
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    while prometheus
        .snapshot()
        .sum("system_cpu_usage_ratio", &[])
        .is_none()
    {
        assert!(Instant::now() < deadline);
        collecting.refresh();
    }
    let cpu = prometheus
        .snapshot()
        .sum("system_cpu_usage_ratio", &[])
        .unwrap();
    assert!((0.0..=1.0).contains(&cpu), "{cpu}");
}

#[test]
fn values_are_collected_again_for_a_scrape_only_if_older_than_a_second() {
    let prometheus = prometheus();
    let collections = Arc::new(AtomicUsize::new(0));
    let collecting = counting(&collections)
        .every(Duration::from_hours(1))
        .start()
        .unwrap();
    prometheus.on_gather(collecting.refresher());
    assert_eq!(collections.load(Ordering::SeqCst), 1, "at the start");
    for _ in 0..50 {
        let _ = prometheus.render();
    }
    assert_eq!(
        collections.load(Ordering::SeqCst),
        1,
        "younger than a second"
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    while collections.load(Ordering::SeqCst) == 1 {
        assert!(Instant::now() < deadline);
        let _ = prometheus.snapshot();
    }
    assert_eq!(collections.load(Ordering::SeqCst), 2);
}

#[test]
fn a_scrape_waits_only_briefly_for_a_collector_that_hangs() {
    let prometheus = prometheus();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let is_first = AtomicBool::new(true);
    let ended = std::sync::Mutex::new(ended);
    let hanging = Collectors::new().custom(move || {
        if !is_first.swap(false, Ordering::SeqCst) {
            ended.lock().unwrap().recv().unwrap_err();
        }
    });
    let collecting = hanging.every(Duration::from_millis(200)).start().unwrap();
    prometheus.on_gather(collecting.refresher());
    // The second collection hangs, so every later scrape waits for fresh values in vain.
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut waits = 0;
    while waits < 3 {
        let started = Instant::now();
        let _ = prometheus.render();
        waits += usize::from(started.elapsed() > Duration::from_millis(200));
        assert!(Instant::now() < deadline, "{waits}");
    }
    drop(collecting);
    drop(end);
}

#[tokio::test]
async fn a_collector_that_panics_does_not_stop_the_others() {
    let prometheus = prometheus();
    let collections = Arc::new(AtomicUsize::new(0));
    let (plugins, seen) = (
        Plugins::new().recorder(prometheus.clone()),
        Arc::clone(&collections),
    );
    let _collecting = Collectors::new()
        .custom(|| panic!("a collector panicked"))
        .custom(move || plugins.set(seen.fetch_add(1, Ordering::SeqCst) + 1))
        .every(Duration::from_millis(200))
        .start()
        .unwrap();
    until("the other runs three times", async || {
        collections.load(Ordering::SeqCst) >= 3
    })
    .await;
    assert!(prometheus.snapshot().sum("plugins_loaded", &[]) >= Some(3.0));
}

#[tokio::test]
async fn collection_stops_when_the_last_handle_is_dropped() {
    let prometheus = prometheus();
    let alive = Arc::new(());
    let seen = Arc::downgrade(&alive);
    let collecting = Collectors::new()
        .custom(move || drop(alive.clone()))
        .start()
        .unwrap();
    prometheus.on_gather(collecting.refresher());
    let clone = collecting.clone();
    drop(collecting);
    clone.refresh();
    assert!(seen.upgrade().is_some(), "a clone keeps the collectors");
    drop(clone);
    until("the thread has dropped the collectors", async || {
        seen.upgrade().is_none()
    })
    .await;
    let _ = prometheus.render();
}

#[test]
fn a_short_interval_is_refused() {
    for interval in [Duration::ZERO, Duration::from_millis(199)] {
        let error = Collectors::new().every(interval).start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let expected = format!("collection interval is {interval:?}: at least 200ms is needed");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

/// A hook that scrapes is not called again by its own scrape, and a hook that panics does not fail the scrape.
#[test]
fn a_hook_may_scrape_and_may_panic() {
    let prometheus = prometheus();
    let (plugins, calls) = (
        Plugins::new().recorder(prometheus.clone()),
        Arc::new(AtomicUsize::new(0)),
    );
    prometheus.on_gather(|| panic!("a hook panicked"));
    let (reader, counter) = (prometheus.clone(), Arc::clone(&calls));
    prometheus.on_gather(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        plugins.set(reader.snapshot().families.len() + 6);
    });
    assert_eq!(prometheus.snapshot().sum("plugins_loaded", &[]), Some(6.0));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
