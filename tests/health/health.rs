//! Health: how checks are run, what they mean for the whole, and what the probes say.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tower_vitals::health::Status::{Degraded, Healthy, Unhealthy};
use tower_vitals::health::checks::Heartbeat;
use tower_vitals::health::{Check, CheckResult, Outcome, Probe, Reason, Report, Status};
use tower_vitals::{ErrorKind, Health};

const SECOND: Duration = Duration::from_secs(1);

/// Something that can be switched off, and counts how often it is asked.
#[derive(Clone, Default)]
struct Dependency {
    is_down: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    takes: Duration,
}

impl Dependency {
    fn taking(takes: Duration) -> Self {
        Self {
            takes,
            ..Self::default()
        }
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Check for Dependency {
    async fn check(&self) -> Outcome {
        self.asked.fetch_add(1, Ordering::SeqCst);
        sleep(self.takes).await;
        (!self.is_down.load(Ordering::SeqCst)).into()
    }
}

fn with(name: &str, check: impl Check) -> Health {
    Health::builder().check(name, check).build().unwrap()
}

async fn status(health: &Health, probe: Probe) -> Status {
    health.report_for(probe).await.status()
}

#[tokio::test]
async fn closures_of_every_kind_are_checks() {
    let health = Health::builder()
        .check("bool", || async { true })
        .check("result", || async { Err::<(), _>("no stock") })
        .check("status", || async { Status::Degraded })
        .check("outcome", || async {
            Outcome::healthy().message("fine").data("status_code", 200)
        })
        .check("result of outcome", async || {
            Ok::<_, std::io::Error>(Outcome::degraded())
        })
        .build()
        .unwrap();
    let report = health.report().await;
    let found: Vec<_> = report
        .results()
        .map(|result| (result.name(), result.status(), result.message()))
        .collect();
    assert_eq!(
        found,
        [
            ("bool", Status::Healthy, None),
            ("result", Status::Unhealthy, Some("no stock")),
            ("status", Status::Degraded, None),
            ("outcome", Status::Healthy, Some("fine")),
            ("result of outcome", Status::Degraded, None),
        ]
    );
    assert_eq!(report.status(), Status::Unhealthy);
    assert_eq!(report.failed().collect::<Vec<_>>(), ["result"]);
    assert_eq!(report.result("outcome").unwrap().data()["status_code"], 200);
}

#[test]
fn what_is_wrong_with_a_builder_is_told_at_once() {
    let fine = || async { true };
    let error = Health::builder()
        .check("", fine)
        .check("twice", fine)
        .check("twice", fine)
        .check("timestamp", fine)
        .check("two\nlines", fine)
        .check("x".repeat(101), fine)
        .check("hurried", fine.timeout(Duration::ZERO))
        .check("busy", fine.every(Duration::ZERO))
        .check("remote", fine.on(Probe::Liveness))
        .probe(Probe::Readiness, ["twice", "redis"])
        .runtime_heartbeat(Duration::ZERO)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let text = error.to_string();
    for part in [
        "check name \"\" is empty",
        "check name \"twice\" is there twice",
        "check name \"timestamp\" is a key of /healthz",
        "check name \"two\\nlines\" holds control characters",
        "is too long: at most 100 bytes are allowed",
        "check \"hurried\" has a timeout of zero",
        "check \"busy\" runs every zero seconds",
        "check \"remote\" is on liveness, which answers from memory",
        "probe readiness names an unknown check \"redis\": the checks are ",
        "a runtime heartbeat of zero",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[tokio::test]
async fn checks_come_and_go_while_the_service_runs() {
    let health = with("first", || async { true });
    let plugin = Dependency::default();
    plugin.set_down(true);
    health
        .add("plugin", plugin.clone().on(Probe::Readiness))
        .unwrap();
    assert_eq!(health.names(), ["first", "plugin"]);
    assert_eq!(health.report().await.status(), Status::Unhealthy);
    assert_eq!(status(&health, Probe::Readiness).await, Status::Unhealthy);
    let again = health.add("plugin", || async { true }).unwrap_err();
    assert!(
        again.to_string().contains("\"plugin\" is there twice"),
        "{again}"
    );
    assert!(health.remove("plugin"));
    assert!(!health.remove("plugin"));
    assert_eq!(health.report().await.status(), Status::Healthy);
    assert!(health.check("plugin").await.is_none());
    let many: Vec<_> = (0..1000)
        .map(|n| health.add(format!("c{n}"), || async { true }))
        .collect();
    assert!(many[998].is_ok());
    assert!(
        many[999]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("at most 1000")
    );
}

#[tokio::test(start_paused = true)]
async fn a_result_is_answered_again_until_it_is_old() {
    let dependency = Dependency::taking(Duration::from_millis(10));
    let health = with("db", dependency.clone());
    let first = health.check("db").await.unwrap();
    sleep(Duration::from_millis(900)).await;
    let second = health.check("db").await.unwrap();
    assert_eq!(first, second, "the same result, of the same time");
    assert_eq!(dependency.asked(), 1);
    sleep(Duration::from_millis(200)).await;
    health.check("db").await.unwrap();
    assert_eq!(dependency.asked(), 2);
}

#[tokio::test]
async fn a_cached_answer_waits_for_nothing_and_spawns_nothing() {
    let health = with(
        "db",
        (|| async { true })
            .on(Probe::Readiness)
            .cache_for(60 * SECOND),
    );
    assert!(health.report().await.is_healthy());
    let tasks = || Handle::current().metrics().num_alive_tasks();
    // On one thread a task that was spawned stays alive until somebody yields to it, and nobody here does.
    let before = tasks();
    for _ in 0..1000 {
        assert!(health.report().now_or_never().unwrap().is_healthy());
        assert!(
            health
                .report_for(Probe::Readiness)
                .now_or_never()
                .unwrap()
                .is_healthy()
        );
        assert!(health.liveness().is_healthy());
    }
    assert_eq!(tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn five_hundred_at_once_ask_each_dependency_once_a_period() {
    let dependencies = [(); 3].map(|()| Dependency::taking(Duration::from_millis(50)));
    let health = Health::builder()
        .check("a", dependencies[0].clone())
        .check(
            "b",
            dependencies[1]
                .clone()
                .cache_for(Duration::from_millis(500)),
        )
        .check("c", dependencies[2].clone().cache_for(Duration::ZERO))
        .build()
        .unwrap();
    let began = Instant::now();
    let reports = join_all((0..500).map(|_| health.report())).await;
    assert!(reports.iter().all(Report::is_healthy));
    assert_eq!(began.elapsed(), Duration::from_millis(50), "in parallel");
    assert_eq!(dependencies.each_ref().map(Dependency::asked), [1, 1, 1]);
    // Ten seconds of it: once a period, the 50 ms of a run included.
    while began.elapsed() < 10 * SECOND {
        join_all((0..500).map(|_| health.report())).await;
        sleep(Duration::from_millis(10)).await;
    }
    let asked = dependencies.each_ref().map(Dependency::asked);
    assert!((9..=10).contains(&asked[0]), "{asked:?}");
    assert!((17..=20).contains(&asked[1]), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_does_not_end_the_run_for_others() {
    let dependency = Dependency::taking(SECOND);
    let health = with("slow", dependency.clone());
    let patient = tokio::spawn({
        let health = health.clone();
        async move { health.report().await }
    });
    for _ in 0..20 {
        // Each leaves after a while, the one that began the run among them.
        let left = timeout(Duration::from_millis(20), health.report()).await;
        assert!(left.is_err());
    }
    assert_eq!(patient.await.unwrap().status(), Status::Healthy);
    assert_eq!(dependency.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_is_unhealthy_at_its_timeout() {
    let health = with(
        "stuck",
        (async || pending::<bool>().await).timeout(3 * SECOND),
    );
    let began = Instant::now();
    let result = health.check("stuck").await.unwrap();
    assert_eq!(began.elapsed(), 3 * SECOND);
    assert_eq!(result.status(), Status::Unhealthy);
    assert_eq!(result.message(), Some("timed out after 3s"));
}

/// Counts how many are being run at once.
#[derive(Clone, Default)]
struct Running(Arc<AtomicUsize>, Arc<AtomicUsize>);

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Check for Running {
    async fn check(&self) -> Outcome {
        let now = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let _leave = Leave(&self.0);
        self.1.fetch_max(now, Ordering::SeqCst);
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_probes_of_a_check_that_hangs_are_one_run_and_no_more_tasks() {
    let running = Running::default();
    let health = with("stuck", running.clone().on(Probe::Readiness));
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for round in 0..3 {
        let began = Instant::now();
        let probes = join_all((0..1000).map(|_| async {
            assert_eq!(status(&health, Probe::Liveness).await, Status::Healthy);
            assert_eq!(
                began.elapsed(),
                Duration::ZERO,
                "liveness waits for nothing"
            );
            status(&health, Probe::Readiness).await
        }));
        let watch = async {
            sleep(SECOND).await;
            assert_eq!(tasks(), before + 1, "round {round}");
        };
        let (answers, ()) = tokio::join!(probes, watch);
        assert!(answers.iter().all(|status| *status == Status::Unhealthy));
        // Paused clock: exactly the timeout of 2 s.
        assert!(
            began.elapsed() <= Duration::from_millis(2100),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(running.1.load(Ordering::SeqCst), 1);
        sleep(2 * SECOND).await;
    }
    assert_eq!(running.0.load(Ordering::SeqCst), 0);
    assert_eq!(tasks(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_blocks_its_thread_is_given_up_too() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(blocked);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let check = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = blocked.lock().unwrap().recv();
        async { true }
    };
    let health = with(
        "blocks",
        check
            .timeout(Duration::from_millis(50))
            .cache_for(Duration::ZERO),
    );
    for _ in 0..5 {
        let result = health.check("blocks").await.unwrap();
        assert_eq!(result.status(), Status::Unhealthy);
        let message = result.message().unwrap();
        assert!(
            message.contains("still running after") && message.contains("its timeout of 50ms"),
            "{message}"
        );
    }
    assert_eq!(
        runs.load(Ordering::SeqCst),
        1,
        "one run in flight, however long"
    );
    drop(release);
    crate::support::until("it is healthy again", async || {
        health.check("blocks").await.unwrap().status() == Status::Healthy
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_unhealthy_with_its_message() {
    let health = Health::builder()
        .check("text", async || -> bool { panic!("no more beans") })
        .check("number", async || -> bool { std::panic::panic_any(7) })
        .check("before it awaits", || {
            assert!(std::hint::black_box(false), "at the door");
            async { true }
        })
        .build()
        .unwrap();
    let report = health.report().await;
    let messages: Vec<_> = report
        .results()
        .map(|result| result.message().unwrap())
        .collect();
    assert_eq!(
        messages,
        [
            "the check panicked: no more beans",
            "the check panicked: with a value that is no text",
            "the check panicked: at the door",
        ]
    );
    assert_eq!(report.failed().count(), 3);
    // And it is asked again.
    assert_eq!(
        health.check("text").await.unwrap().status(),
        Status::Unhealthy
    );
}

#[tokio::test(start_paused = true)]
async fn background_checks_keep_probes_from_waiting_and_end_with_the_last_handle() {
    let dependency = Dependency::taking(Duration::from_millis(100));
    let health = with("db", dependency.clone().every(30 * SECOND));
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    health.run();
    sleep(SECOND / 2).await;
    assert_eq!(dependency.asked(), 1);
    sleep(30 * SECOND).await;
    assert_eq!(dependency.asked(), 2, "every 30 s");
    for _ in 0..100 {
        let began = Instant::now();
        assert!(health.report().await.is_healthy());
        assert_eq!(began.elapsed(), Duration::ZERO);
        sleep(SECOND).await;
    }
    assert_eq!(dependency.asked(), 5, "only in the background");
    let clone = health.clone();
    drop(health);
    sleep(60 * SECOND).await;
    assert_eq!(dependency.asked(), 7, "a clone keeps it going");
    drop(clone);
    sleep(SECOND).await;
    assert_eq!(tasks(), before);
    sleep(90 * SECOND).await;
    assert_eq!(dependency.asked(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_background_check_begins_with_the_first_question() {
    let dependency = Dependency::default();
    let health = with("db", dependency.clone().every(10 * SECOND));
    sleep(SECOND).await;
    assert_eq!(dependency.asked(), 0, "nothing runs before it is asked to");
    assert!(health.report().await.is_healthy());
    sleep(25 * SECOND).await;
    assert!(
        (3..=4).contains(&dependency.asked()),
        "{}",
        dependency.asked()
    );
}

#[tokio::test(start_paused = true)]
async fn optional_checks_only_degrade() {
    let health = Health::builder()
        .check(
            "search",
            (|| async { false }).optional().on(Probe::Readiness),
        )
        .check("db", (|| async { true }).on(Probe::Readiness))
        .build()
        .unwrap();
    let report = health.report().await;
    assert_eq!(report.status(), Status::Degraded);
    assert_eq!(
        report.result("search").unwrap().status(),
        Status::Unhealthy,
        "it says what it saw"
    );
    assert_eq!(status(&health, Probe::Readiness).await, Status::Degraded);
}

/// Nobody but who waits can tell of a check that blocks its thread: its own timeout has no turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_blocks_its_thread_is_told_by_probes_too() {
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::new(std::sync::Mutex::new(blocked));
    let asked = Arc::new(AtomicUsize::new(0));
    let check = move || {
        let (is_first, blocked) = (asked.fetch_add(1, Ordering::SeqCst) == 0, blocked.clone());
        async move {
            if !is_first {
                let _ = blocked.lock().unwrap().recv();
            }
            true
        }
    };
    let check = check
        .optional()
        .on(Probe::Readiness)
        .timeout(Duration::from_millis(200))
        .cache_for(Duration::from_millis(1));
    let health = with("blocks", check);
    assert_eq!(status(&health, Probe::Readiness).await, Healthy);
    crate::support::until("it is told", async || {
        status(&health, Probe::Readiness).await == Degraded
    })
    .await;
    drop(unblock);
}

#[tokio::test(start_paused = true)]
async fn what_only_degrades_holds_up_no_probe() {
    let hangs = Arc::new(AtomicBool::new(false));
    let check = {
        let hangs = Arc::clone(&hangs);
        move || {
            let hangs = hangs.load(Ordering::SeqCst);
            async move {
                if hangs {
                    pending::<()>().await;
                }
                true
            }
        }
    };
    let optional = check.clone().optional().on(Probe::Readiness);
    for check in [optional, check.shared()] {
        hangs.store(false, Ordering::SeqCst);
        let health = with("dependency", check);
        assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
        hangs.store(true, Ordering::SeqCst);
        let mut seen = Vec::new();
        for _ in 0..3 {
            sleep(10 * SECOND).await;
            let asked = Instant::now();
            seen.push(status(&health, Probe::Readiness).await);
            assert_eq!(asked.elapsed(), Duration::from_millis(100));
        }
        // The first is answered with what was known; the others with what the run before them found.
        assert_eq!(seen, [Healthy, Degraded, Degraded]);
        // A report waits, for it says what is.
        let asked = Instant::now();
        sleep(10 * SECOND).await;
        let report = health.report().await;
        let result = report.result("dependency").unwrap();
        assert_eq!(result.message(), Some("timed out after 2s"));
        assert_eq!(asked.elapsed(), 12 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_dependency_gates_readiness_until_its_first_success() {
    let db = Dependency::default();
    db.set_down(true);
    let health = with("db", db.clone().shared());
    for _ in 0..10 {
        assert_eq!(status(&health, Probe::Readiness).await, Status::Unhealthy);
        assert_eq!(health.report().await.status(), Status::Unhealthy);
        sleep(SECOND).await;
    }
    db.set_down(false);
    sleep(SECOND).await;
    assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
    db.set_down(true);
    // Ten minutes without it.
    for _ in 0..600 {
        sleep(SECOND).await;
        assert_eq!(status(&health, Probe::Liveness).await, Status::Healthy);
        let readiness = health.report_for(Probe::Readiness).await;
        assert_eq!(readiness.status(), Status::Degraded);
        assert_eq!(readiness.status().code(), 200);
        assert_eq!(health.report().await.status(), Status::Degraded);
    }
    db.set_down(false);
    sleep(SECOND).await;
    assert_eq!(health.report().await.status(), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn startup_lasts_until_each_check_on_it_has_passed_once() {
    let (index, cache) = (Dependency::default(), Dependency::default());
    index.set_down(true);
    let health = Health::builder()
        .check("index", index.clone().on(Probe::Startup))
        .check("cache", cache.clone())
        .probe(Probe::Startup, ["cache"])
        .build()
        .unwrap();
    let starting = health.report_for(Probe::Startup).await;
    assert_eq!(starting.status(), Status::Unhealthy);
    assert_eq!(starting.reason(), Some(&Reason::Starting));
    let readiness = health.report_for(Probe::Readiness).await;
    assert_eq!(
        readiness.reason(),
        Some(&Reason::Starting),
        "not ready before it has started"
    );
    // The one passes while the other does not: each once is enough.
    sleep(2 * SECOND).await;
    index.set_down(false);
    cache.set_down(true);
    assert_eq!(status(&health, Probe::Startup).await, Status::Degraded);
    assert!(health.is_started());
    sleep(2 * SECOND).await;
    let asked = index.asked();
    assert_eq!(
        status(&health, Probe::Startup).await,
        Status::Healthy,
        "for good"
    );
    assert_eq!(index.asked(), asked, "and nobody is asked any more");
    assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
}

#[tokio::test]
async fn startup_ends_when_the_service_says_so() {
    let health = Health::builder().explicit_start().build().unwrap();
    assert_eq!(status(&health, Probe::Startup).await, Status::Unhealthy);
    assert_eq!(status(&health, Probe::Readiness).await, Status::Unhealthy);
    health.started();
    assert_eq!(status(&health, Probe::Startup).await, Status::Healthy);
    assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
    let without_checks = Health::builder().build().unwrap();
    assert_eq!(
        status(&without_checks, Probe::Readiness).await,
        Status::Healthy
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_turns_readiness_and_nothing_else() {
    let slow = Dependency::taking(SECOND);
    let health = with("db", slow.on(Probe::Readiness));
    assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
    sleep(2 * SECOND).await;
    health.drain();
    let began = Instant::now();
    let readiness = health.report_for(Probe::Readiness).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "no check is waited for");
    assert_eq!(readiness.status(), Status::Unhealthy);
    assert_eq!(readiness.reason(), Some(&Reason::Draining));
    assert_eq!(status(&health, Probe::Liveness).await, Status::Healthy);
    assert_eq!(health.report().await.status(), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_begins_while_checks_run_is_heeded() {
    let slow = || async {
        sleep(SECOND).await;
        true
    };
    let health = with("db", slow.on(Probe::Readiness));
    let probe = tokio::spawn({
        let health = health.clone();
        async move { health.report_for(Probe::Readiness).await }
    });
    sleep(SECOND / 2).await;
    health.drain();
    let report = probe.await.unwrap();
    assert_eq!(report.status(), Unhealthy);
    assert_eq!(report.reason(), Some(&Reason::Draining));
}

#[tokio::test(start_paused = true)]
async fn a_background_check_that_hangs_keeps_no_probe_waiting() {
    let asked = Arc::new(AtomicUsize::new(0));
    let hangs = {
        let asked = Arc::clone(&asked);
        move || {
            let is_first = asked.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if !is_first {
                    pending::<()>().await;
                }
                true
            }
        }
    };
    let health = with("db", hangs.every(10 * SECOND).on(Probe::Readiness));
    health.run();
    sleep(11 * SECOND).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "it is refreshed");
    let began = Instant::now();
    assert_eq!(status(&health, Probe::Readiness).await, Healthy);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn liveness_fails_only_from_memory() {
    let worker = Heartbeat::new(30 * SECOND);
    let db = Dependency::default();
    db.set_down(true);
    let health = Health::builder()
        .check("db", db.clone())
        .check("worker", worker.clone().on(Probe::Liveness))
        .build()
        .unwrap();
    sleep(30 * SECOND).await;
    assert_eq!(
        health.liveness().status(),
        Status::Healthy,
        "the first beat is due only now"
    );
    sleep(SECOND).await;
    assert_eq!(health.liveness().status(), Status::Unhealthy);
    worker.beat();
    assert_eq!(health.liveness().status(), Status::Healthy);
    assert_eq!(db.asked(), 0);
    health.fail_liveness("the ledger at postgres://app:hunter2@db is torn");
    health.fail_liveness("and something else");
    let report = health.liveness();
    assert_eq!(report.status(), Status::Unhealthy);
    assert_eq!(
        report.reason(),
        Some(&Reason::Failed(
            "the ledger at postgres://app:[redacted]@db is torn".into()
        ))
    );
}

#[test]
fn a_runtime_that_is_stuck_is_seen_from_outside() {
    let health = Health::builder()
        .runtime_heartbeat(Duration::from_millis(200))
        .build()
        .unwrap();
    assert_eq!(health.liveness().status(), Status::Healthy, "not begun");
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let (is_blocking, begun) = std::sync::mpsc::channel::<()>();
    let service = std::thread::spawn({
        let health = health.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(async move {
                health.run();
                sleep(Duration::from_millis(10)).await;
                is_blocking.send(()).unwrap();
                // As a forgotten lock or a long computation would.
                let _ = blocked.recv();
                let deadline = std::time::Instant::now() + 10 * SECOND;
                while health.liveness().status() != Status::Healthy {
                    assert!(std::time::Instant::now() < deadline, "it never beat again");
                    sleep(Duration::from_millis(10)).await;
                }
            });
        }
    });
    begun.recv().unwrap();
    let deadline = std::time::Instant::now() + 10 * SECOND;
    while health.liveness().reason() != Some(&Reason::RuntimeStuck) {
        assert!(std::time::Instant::now() < deadline, "it never showed");
        std::thread::yield_now();
    }
    drop(unblock);
    service.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_are_told_to_subscribers() {
    let db = Dependency::default();
    let health = Health::builder()
        .check("db", db.clone())
        .check("cache", (|| async { false }).optional())
        .build()
        .unwrap();
    let mut changes = health.subscribe();
    for is_down in [false, false, true, true, false] {
        db.set_down(is_down);
        health.report().await;
        sleep(2 * SECOND).await;
    }
    drop(health);
    let mut told = Vec::new();
    while let Some(change) = changes.next().await {
        if change.result.name() == "db" {
            told.push((change.before, change.result.status(), change.overall));
        }
    }
    assert_eq!(
        told[1..],
        [
            (Some(Healthy), Unhealthy, Unhealthy),
            (Some(Unhealthy), Healthy, Degraded)
        ]
    );
    assert_eq!((told[0].0, told[0].1), (None, Healthy));
}

/// What fails liveness is told, too: else a restart has no reason in the log, the metrics or anybody's ear.
#[tokio::test(start_paused = true)]
async fn changes_of_what_answers_from_memory_are_told() {
    let (to, seen) = crate::support::recorder();
    let worker = Heartbeat::new(SECOND);
    let health = Health::builder()
        .check("worker", worker.clone().on(Probe::Liveness))
        .recorder(to)
        .build()
        .unwrap();
    let mut changes = health.subscribe();
    let mut told = Vec::new();
    for (is_late, beats) in [(false, true), (true, false), (true, false), (false, true)] {
        if beats {
            worker.beat();
        }
        if is_late {
            sleep(2 * SECOND).await;
        }
        let _ = health.liveness();
        let _ = health.liveness();
        while let Some(change) = changes.next().now_or_never() {
            let change = change.unwrap();
            told.push((change.before, change.result.status(), change.overall));
        }
    }
    let expected = [
        (None, Healthy, Healthy),
        (Some(Healthy), Unhealthy, Unhealthy),
        (Some(Unhealthy), Healthy, Healthy),
    ];
    assert_eq!(told, expected);
    assert_eq!(seen.take().gauge("health_check_status", &[]), 1.0);
}

#[tokio::test(start_paused = true)]
async fn tags_ask_for_several() {
    let other = Dependency::default();
    let health = Health::builder()
        .check("orders", (|| async { true }).tag("db"))
        .check("users", (|| async { false }).tag("db").tag("users"))
        .check("mail", other.clone())
        .build()
        .unwrap();
    let report = health.tagged("db").await.unwrap();
    assert_eq!(
        report.results().map(CheckResult::name).collect::<Vec<_>>(),
        ["orders", "users"]
    );
    assert_eq!(report.status(), Status::Unhealthy);
    assert_eq!(other.asked(), 0);
    assert!(
        health.tagged("dbs").await.is_none(),
        "a tag nobody has is not healthy"
    );
}

#[tokio::test(start_paused = true)]
async fn each_run_is_recorded_once() {
    let (recorder, reader) = crate::support::recorder();
    let db = Dependency::taking(Duration::from_millis(250));
    let health = Health::builder()
        .check("db", db.clone())
        .check("cache", || async { Status::Degraded })
        .recorder(recorder)
        .build()
        .unwrap();
    for is_down in [false, true, true] {
        db.set_down(is_down);
        for _ in 0..10 {
            health.report().await;
        }
        sleep(2 * SECOND).await;
    }
    let taken = reader.take();
    assert_eq!(
        taken.samples("health_check_duration_seconds", &[("check", "db")]),
        [0.25; 3]
    );
    assert_eq!(taken.gauge("health_check_status", &[("check", "db")]), 0.0);
    assert_eq!(
        taken.gauge("health_check_status", &[("check", "cache")]),
        0.5
    );
}

#[test]
fn without_a_runtime_a_report_says_so() {
    let health = with("db", || async { true });
    let report = health.report().now_or_never().unwrap();
    assert_eq!(report.status(), Status::Unhealthy);
    let message = report.result("db").unwrap().message().unwrap();
    assert!(message.contains("tokio runtime"), "{message}");
    health.run();
    let _ = health.liveness();
}

#[test]
fn without_a_runtime_a_run_of_another_is_not_waited_for() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let health = with("db", pending::<bool>);
    runtime.block_on(async {
        let waited = timeout(Duration::from_millis(20), health.report()).await;
        assert!(waited.is_err(), "it is under way");
    });
    let report = health.report().now_or_never().unwrap();
    let message = report.result("db").unwrap().message().unwrap();
    assert!(message.contains("tokio runtime"), "{message}");
}

/// A runtime that is not driven polls nobody, and what it did not poll is not late for that.
#[test]
fn a_run_has_its_turn_before_it_is_late() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let check = || async {
        sleep(SECOND).await;
        true
    };
    let health = with("db", check.timeout(2 * SECOND));
    runtime.block_on(async {
        assert!(timeout(SECOND / 2, health.report()).await.is_err());
    });
    let pause = || async { tokio::time::advance(10 * SECOND).await };
    // The clock goes on without the run having a turn.
    let report = runtime.block_on(async {
        pause().await;
        health.report().await
    });
    assert_eq!(report.status(), Healthy, "{report:?}");
}

#[test]
fn a_runtime_that_ends_takes_no_check_with_it() {
    let db = Dependency::taking(Duration::from_millis(20));
    let health = with("db", db.clone().every(Duration::from_millis(10)));
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let began = db.asked();
        runtime.block_on(async {
            let report = health.report().await;
            assert_eq!(report.status(), Status::Healthy);
            crate::support::until("the background goes on", async || db.asked() > began + 2).await;
        });
        // Dropped in the midst of a run.
    }
}

#[test]
fn debug_tells_names_and_no_more() {
    let health = with("db", || async { Err::<(), _>("password=hunter2") });
    assert_eq!(
        format!("{health:?}"),
        "Health { checks: [\"db\"], is_started: false, is_draining: false, .. }"
    );
}
