//! Runs of checks with several threads, panics, locks and runtimes that shut down.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::runtime::Builder;
use tokio::time::sleep;
use tower_vitals::health::{Check, CheckOptions, Outcome, Probe, Status};
use tower_vitals::{Health, Prometheus};

const SECOND: Duration = Duration::from_secs(1);

/// Runs `work` on its own thread and panics if it hangs.
fn assert_ends(work: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        work();
        sender.send(()).unwrap();
    });
    match receiver.recv_timeout(30 * SECOND) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        _ => thread.join().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_never_overlap_without_a_cache_on_many_threads() {
    let (current, highest, runs) =
        <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let counters = (
        Arc::clone(&current),
        Arc::clone(&highest),
        Arc::clone(&runs),
    );
    let check = move || {
        let (current, highest, runs) = counters.clone();
        async move {
            highest.fetch_max(current.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            current.fetch_sub(1, Ordering::SeqCst);
            runs.fetch_add(1, Ordering::SeqCst) % 2 == 0
        }
    };
    let prometheus = Prometheus::builder().build().unwrap();
    let health = Health::builder()
        .check("busy", check.cache_for(Duration::ZERO))
        .recorder(prometheus.clone())
        .build()
        .unwrap();
    let callers = (0..64).map(|_| {
        let health = health.clone();
        tokio::spawn(async move {
            for _ in 0..200 {
                assert_eq!(health.report().await.results().len(), 1);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    assert_eq!(highest.load(Ordering::SeqCst), 1);
    let runs = runs.load(Ordering::SeqCst);
    assert!(runs >= 200, "{runs}");
    // The last run is published last, so the gauge shows its status.
    let last = Some(f64::from(u8::from(runs % 2 == 1)));
    crate::support::until("the gauge shows the last run", async || {
        prometheus.snapshot().sum("health_check_status", &[]) == last
    })
    .await;
}

#[test]
fn a_runtime_shuts_down_under_load() {
    for _ in 0..20 {
        assert_ends(|| {
            let runs = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&runs);
            let check =
                move || std::future::ready(counted.fetch_add(1, Ordering::SeqCst) < usize::MAX);
            let health = Health::builder()
                .check("db", check.cache_for(Duration::ZERO))
                .check(
                    "background",
                    (|| async { true }).every(Duration::from_millis(1)),
                )
                .build()
                .unwrap();
            let runtime = Builder::new_multi_thread()
                .worker_threads(4)
                .enable_time()
                .build()
                .unwrap();
            for _ in 0..64 {
                let health = health.clone();
                runtime.spawn(async move {
                    loop {
                        health.report().await;
                    }
                });
            }
            while runs.load(Ordering::SeqCst) < 1000 {
                std::thread::yield_now();
            }
            drop(runtime);
            assert!(!health.checks()[0].is_running);
        });
    }
}

#[test]
fn a_report_on_a_runtime_that_has_shut_down_does_not_hang() {
    assert_ends(|| {
        let health = Health::builder()
            .check("db", || async { true })
            .build()
            .unwrap();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let _entered = handle.enter();
        let report = health.report().now_or_never().unwrap();
        let message = report.result("db").unwrap().message().unwrap();
        assert!(message.contains("its runtime shut down"), "{message}");
    });
}

#[tokio::test(start_paused = true)]
async fn infinite_durations_are_cut_to_a_year() {
    let check = (|| async { true })
        .timeout(Duration::MAX)
        .cache_for(Duration::MAX)
        .every(Duration::MAX);
    let health = Health::builder()
        .timeout(Duration::MAX)
        .check("patient", check)
        .check("default", (|| async { true }).cache_for(Duration::ZERO))
        .build()
        .unwrap();
    for _ in 0..3 {
        assert!(health.report().await.is_healthy());
        sleep(SECOND).await;
    }
    assert_eq!(health.checks()[0].timeout, Duration::from_hours(365 * 24));
}

#[tokio::test(start_paused = true)]
async fn an_optional_check_does_not_delay_startup() {
    let health = Health::builder()
        .check("warm", (|| async { false }).optional().on(Probe::Startup))
        .build()
        .unwrap();
    let startup = health.report_for(Probe::Startup).await;
    assert_eq!(
        (startup.status(), startup.reason()),
        (Status::Degraded, None)
    );
    assert_eq!(
        health.report_for(Probe::Readiness).await.status(),
        Status::Healthy
    );
}

/// A check whose code calls the `Health` that it belongs to.
struct Reentrant(Arc<Mutex<Option<Health>>>);

impl Reentrant {
    fn names(&self) -> Vec<String> {
        let health = self.0.lock().unwrap().clone();
        health.map(|health| health.names()).unwrap_or_default()
    }
}

impl Check for Reentrant {
    async fn check(&self) -> Outcome {
        Outcome::healthy().data("checks", self.names())
    }

    fn from_memory(&self) -> Option<Outcome> {
        Some(Outcome::healthy().data("checks", self.names()))
    }

    fn options(&self) -> CheckOptions {
        let mut options = CheckOptions::default();
        options.is_optional = self.names().len() > 10;
        options
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        let health = self.0.lock().unwrap().clone();
        if let Some(health) = health {
            health.remove("child");
        }
    }
}

#[test]
fn a_check_may_call_the_health_that_it_belongs_to() {
    assert_ends(|| {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let health = Health::builder()
                .check("child", || async { true })
                .build()
                .unwrap();
            let shared = Arc::new(Mutex::new(Some(health.clone())));
            health
                .add("parent", Reentrant(Arc::clone(&shared)).on(Probe::Liveness))
                .unwrap();
            assert!(health.report().await.is_healthy());
            assert!(health.liveness().is_healthy());
            assert!(health.remove("parent"));
            assert!(
                health.names().is_empty(),
                "the child is removed with its parent"
            );
            shared.lock().unwrap().take();
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_check_added_after_the_start_runs_in_the_background() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let check = move || std::future::ready(counted.fetch_add(1, Ordering::SeqCst) < usize::MAX);
    let health = Health::builder().build().unwrap();
    health.run();
    health.add("late", check.every(5 * SECOND)).unwrap();
    sleep(21 * SECOND).await;
    assert_eq!(runs.load(Ordering::SeqCst), 5);
}

/// Panics when it is dropped.
struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_timed_out_check_is_dropped_is_reported() {
    let check = || async {
        let _guard = PanicsOnDrop;
        std::future::pending::<bool>().await
    };
    let health = Health::builder().check("hangs", check).build().unwrap();
    let result = health.run_check("hangs").await.unwrap();
    assert_eq!(result.message(), Some("the check panicked: dropped"));
    assert!(!health.checks()[0].is_running);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_check_publishes_nothing_under_its_old_name() {
    let (recorder, reader) = crate::support::recorder();
    let slow = || async {
        sleep(SECOND).await;
        false
    };
    let health = Health::builder()
        .check("db", slow)
        .recorder(recorder)
        .build()
        .unwrap();
    let mut changes = health.subscribe();
    let old = tokio::spawn({
        let health = health.clone();
        async move { health.report().await }
    });
    sleep(SECOND / 2).await;
    health.remove("db");
    health.add("db", || async { true }).unwrap();
    assert!(health.report().await.is_healthy());
    assert_eq!(
        old.await.unwrap().status(),
        Status::Unhealthy,
        "its caller still gets the result"
    );
    sleep(SECOND).await;
    drop(health);
    assert_eq!(
        changes.next().await.unwrap().result.status(),
        Status::Healthy
    );
    assert!(changes.next().await.is_none());
    assert_eq!(
        reader
            .take()
            .gauge("health_check_status", &[("check", "db")]),
        1.0
    );
}

#[tokio::test]
async fn all_runs_of_a_report_start_before_the_first_wait() {
    let barrier = Arc::new(tokio::sync::Barrier::new(10));
    let builder = (0..10).fold(Health::builder(), |builder, n| {
        let barrier = Arc::clone(&barrier);
        let check = move || {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
                true
            }
        };
        builder.check(format!("c{n}"), check)
    });
    let health = builder.build().unwrap();
    let reports = join_all((0..10).map(|_| health.report())).await;
    assert!(reports.iter().all(tower_vitals::health::Report::is_healthy));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removed_check_runs_no_more() {
    let health = Health::builder().build().unwrap();
    health.run();
    let stop = Arc::new(AtomicUsize::new(0));
    let reporters: Vec<_> = (0..3)
        .map(|_| {
            let (health, stop) = (health.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while stop.load(Ordering::SeqCst) == 0 {
                    health.report().await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let runs = Arc::new(AtomicUsize::new(0));
    for _ in 0..2000 {
        let counted = Arc::clone(&runs);
        let check = move || std::future::ready(counted.fetch_add(1, Ordering::SeqCst) < usize::MAX);
        health
            .add("plugin", check.every(Duration::from_millis(2)))
            .unwrap();
        tokio::task::yield_now().await;
        assert!(health.remove("plugin"));
    }
    stop.store(1, Ordering::SeqCst);
    for reporter in reporters {
        reporter.await.unwrap();
    }
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    crate::support::until("no background task is left", async || tasks() == 0).await;
    let before = runs.load(Ordering::SeqCst);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(runs.load(Ordering::SeqCst), before);
}
