//! What is read every now and then: fresh when it is read, and nobody waits for what hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::until;
use tower_vitals::instrument::{Collectors, Plugins};
use tower_vitals::{ErrorKind, Prometheus};

fn prometheus() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

/// Collectors that count their readings.
fn counting(readings: &Arc<AtomicUsize>) -> Collectors {
    let readings = Arc::clone(readings);
    Collectors::new().also(move || {
        readings.fetch_add(1, Ordering::SeqCst);
    })
}

#[test]
fn the_app_tells_what_it_is_and_since_when() {
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
async fn the_runtime_tells_of_its_workers_and_tasks() {
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
    until("the tasks are gone, and parks are counted", async || {
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
#[cfg(feature = "system")]
fn the_host_tells_of_cpu_memory_and_disks() {
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
        "nothing came before it"
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

/// Values are read again for a reader if they are older than a second, and only then.
#[test]
fn a_reading_is_fresh_and_no_reading_is_made_twice_in_a_second() {
    let prometheus = prometheus();
    let readings = Arc::new(AtomicUsize::new(0));
    let collecting = counting(&readings)
        .every(Duration::from_hours(1))
        .start()
        .unwrap();
    prometheus.on_gather(collecting.refresher());
    assert_eq!(readings.load(Ordering::SeqCst), 1, "at the start");
    for _ in 0..50 {
        let _ = prometheus.render();
    }
    assert_eq!(readings.load(Ordering::SeqCst), 1, "younger than a second");
    let deadline = Instant::now() + Duration::from_secs(10);
    while readings.load(Ordering::SeqCst) == 1 {
        assert!(Instant::now() < deadline);
        let _ = prometheus.snapshot();
    }
    assert_eq!(readings.load(Ordering::SeqCst), 2);
}

#[test]
fn nobody_waits_for_a_reading_that_hangs() {
    let prometheus = prometheus();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let is_first = AtomicBool::new(true);
    let ended = std::sync::Mutex::new(ended);
    let hanging = Collectors::new().also(move || {
        if !is_first.swap(false, Ordering::SeqCst) {
            ended.lock().unwrap().recv().unwrap_err();
        }
    });
    let collecting = hanging.every(Duration::from_millis(200)).start().unwrap();
    prometheus.on_gather(collecting.refresher());
    // It hangs at its second reading, and no reader ever gets fresh values again: each waits a moment for them.
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut waits = 0;
    while waits < 3 {
        let began = Instant::now();
        let _ = prometheus.render();
        waits += usize::from(began.elapsed() > Duration::from_millis(200));
        assert!(Instant::now() < deadline, "{waits}");
    }
    drop(collecting);
    drop(end);
}

#[tokio::test]
async fn a_collector_that_panics_keeps_no_other_from_being_read() {
    let prometheus = prometheus();
    let readings = Arc::new(AtomicUsize::new(0));
    let (plugins, seen) = (
        Plugins::new().recorder(prometheus.clone()),
        Arc::clone(&readings),
    );
    let _collecting = Collectors::new()
        .also(|| panic!("a reading panicked"))
        .also(move || plugins.set(seen.fetch_add(1, Ordering::SeqCst) + 1))
        .every(Duration::from_millis(200))
        .start()
        .unwrap();
    until("it is read three times", async || {
        readings.load(Ordering::SeqCst) >= 3
    })
    .await;
    assert!(prometheus.snapshot().sum("plugins_loaded", &[]) >= Some(3.0));
}

#[tokio::test]
async fn it_ends_when_it_is_dropped_whoever_may_still_read() {
    let prometheus = prometheus();
    let alive = Arc::new(());
    let seen = Arc::downgrade(&alive);
    let collecting = Collectors::new()
        .also(move || drop(alive.clone()))
        .start()
        .unwrap();
    prometheus.on_gather(collecting.refresher());
    let clone = collecting.clone();
    drop(collecting);
    clone.refresh();
    assert!(seen.upgrade().is_some(), "a clone keeps it");
    drop(clone);
    until("its thread has dropped what it had", async || {
        seen.upgrade().is_none()
    })
    .await;
    let _ = prometheus.render();
}

#[test]
fn an_interval_that_is_too_short_is_refused() {
    for interval in [Duration::ZERO, Duration::from_millis(199)] {
        let error = Collectors::new().every(interval).start().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let expected =
            format!("collection interval is {interval:?}: 200ms and anything longer is allowed");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

/// A hook that reads would be called by its own reading; one that panics is no reason to have no metrics.
#[test]
fn a_hook_may_read_and_may_panic() {
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
