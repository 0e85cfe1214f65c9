//! Checks, their effect on the service, and the answers to probes.

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
use tower_vitals::{Error, ErrorKind, Health};

const SECOND: Duration = Duration::from_secs(1);

/// A check that can be switched off and counts its runs.
#[derive(Clone, Default)]
struct Dependency {
    is_down: Arc<AtomicBool>,
    runs: Arc<AtomicUsize>,
    duration: Duration,
}

impl Dependency {
    fn taking(duration: Duration) -> Self {
        Self {
            duration,
            ..Self::default()
        }
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

impl Check for Dependency {
    async fn check(&self) -> Outcome {
        self.runs.fetch_add(1, Ordering::SeqCst);
        sleep(self.duration).await;
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
    let results: Vec<_> = report
        .results()
        .map(|result| (result.name(), result.status(), result.message()))
        .collect();
    assert_eq!(
        results,
        [
            ("bool", Status::Healthy, None),
            ("result", Status::Unhealthy, Some("no stock")),
            ("status", Status::Degraded, None),
            ("outcome", Status::Healthy, Some("fine")),
            ("result of outcome", Status::Degraded, None),
        ]
    );
    assert_eq!(report.status(), Status::Unhealthy);
    assert_eq!(report.failures().collect::<Vec<_>>(), ["result"]);
    assert_eq!(report.result("outcome").unwrap().data()["status_code"], 200);
}

/// A check with a mistake made in a setter.
struct Misconfigured;

impl Check for Misconfigured {
    async fn check(&self) -> Outcome {
        Outcome::healthy()
    }

    fn validate(&self) -> Result<(), Error> {
        Err(Error::external(
            "the header is refused; the host, too",
            "no colon",
        ))
    }
}

#[test]
fn build_returns_every_mistake_in_one_error() {
    let check = || async { true };
    let error = Health::builder()
        .check("", check)
        .check("twice", check)
        .check("twice", check)
        .check("timestamp", check)
        .check("two\nlines", check)
        .check("x".repeat(101), check)
        .check("hurried", check.timeout(Duration::ZERO))
        .check("busy", check.every(Duration::ZERO))
        .check("remote", check.on(Probe::Liveness))
        .check("misconfigured", Misconfigured.optional())
        .check("misconfigured", check)
        .probe(Probe::Readiness, ["twice", "redis"])
        .runtime_heartbeat(Duration::ZERO)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let text = error.to_string();
    for part in [
        "check name \"\" is empty",
        "check name \"twice\" is taken",
        "check name \"timestamp\" is a key of /healthz",
        "check name \"two\\nlines\" contains control characters",
        "is too long: at most 100 bytes are allowed",
        "check \"hurried\" has a timeout of zero",
        "check \"busy\" has a period of zero",
        "check \"remote\" is on liveness but does not answer from memory",
        "check \"misconfigured\" is misconfigured: the header is refused, the host, too",
        "check name \"misconfigured\" is taken",
        "probe readiness names an unknown check \"redis\": the checks are \"\", \"twice\", \"timestamp\", \"two\\nlines\", \"x",
        "the runtime heartbeat is zero",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[tokio::test]
async fn checks_are_added_and_removed_while_the_service_runs() {
    let health = with("first", || async { true });
    let plugin = Dependency::default();
    plugin.set_down(true);
    health
        .add("plugin", plugin.clone().on(Probe::Readiness))
        .unwrap();
    assert_eq!(health.names(), ["first", "plugin"]);
    assert_eq!(health.report().await.status(), Status::Unhealthy);
    assert_eq!(status(&health, Probe::Readiness).await, Status::Unhealthy);
    let error = health.add("plugin", || async { true }).unwrap_err();
    assert!(error.to_string().contains("\"plugin\" is taken"), "{error}");
    let error = health.add("header", Misconfigured).unwrap_err();
    assert!(
        error.to_string().contains("the header is refused"),
        "{error}"
    );
    assert!(health.remove("plugin"));
    assert!(!health.remove("plugin"));
    assert_eq!(health.report().await.status(), Status::Healthy);
    assert!(health.run_check("plugin").await.is_none());
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
async fn a_result_is_reused_until_it_expires() {
    let dependency = Dependency::taking(Duration::from_millis(10));
    let health = with("db", dependency.clone());
    let first = health.run_check("db").await.unwrap();
    sleep(Duration::from_millis(900)).await;
    let second = health.run_check("db").await.unwrap();
    assert_eq!(first, second, "the same result, with its time");
    assert_eq!(dependency.runs(), 1);
    sleep(Duration::from_millis(200)).await;
    health.run_check("db").await.unwrap();
    assert_eq!(dependency.runs(), 2);
}

#[tokio::test]
async fn a_cached_result_does_not_wait_or_spawn() {
    let health = with(
        "db",
        (|| async { true })
            .on(Probe::Readiness)
            .cache_for(60 * SECOND),
    );
    assert!(health.report().await.is_healthy());
    let tasks = || Handle::current().metrics().num_alive_tasks();
    // On one thread, a spawned task stays alive until the test yields, and it does not.
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
async fn five_hundred_concurrent_reports_run_each_check_once_per_period() {
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
    let started = Instant::now();
    let reports = join_all((0..500).map(|_| health.report())).await;
    assert!(reports.iter().all(Report::is_healthy));
    assert_eq!(started.elapsed(), Duration::from_millis(50), "in parallel");
    assert_eq!(dependencies.each_ref().map(Dependency::runs), [1, 1, 1]);
    // For ten seconds: once per period, plus 50 ms for the run.
    while started.elapsed() < 10 * SECOND {
        join_all((0..500).map(|_| health.report())).await;
        sleep(Duration::from_millis(10)).await;
    }
    let runs = dependencies.each_ref().map(Dependency::runs);
    assert!((9..=10).contains(&runs[0]), "{runs:?}");
    assert!((17..=20).contains(&runs[1]), "{runs:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_does_not_end_the_run_for_others() {
    let dependency = Dependency::taking(SECOND);
    let health = with("slow", dependency.clone());
    let waiting = tokio::spawn({
        let health = health.clone();
        async move { health.report().await }
    });
    for _ in 0..20 {
        // Each caller leaves early, including the one that started the run.
        let left = timeout(Duration::from_millis(20), health.report()).await;
        assert!(left.is_err());
    }
    assert_eq!(waiting.await.unwrap().status(), Status::Healthy);
    assert_eq!(dependency.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_is_unhealthy_at_its_timeout() {
    let health = with(
        "stuck",
        (async || pending::<bool>().await).timeout(3 * SECOND),
    );
    let started = Instant::now();
    let result = health.run_check("stuck").await.unwrap();
    assert_eq!(started.elapsed(), 3 * SECOND);
    assert_eq!(result.status(), Status::Unhealthy);
    assert_eq!(result.message(), Some("timed out after 3s"));
}

/// Hangs, and counts its current and its highest number of concurrent runs.
#[derive(Clone, Default)]
struct Hangs {
    current: Arc<AtomicUsize>,
    highest: Arc<AtomicUsize>,
}

struct Decrement<'a>(&'a AtomicUsize);

impl Drop for Decrement<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Check for Hangs {
    async fn check(&self) -> Outcome {
        let current = self.current.fetch_add(1, Ordering::SeqCst) + 1;
        let _guard = Decrement(&self.current);
        self.highest.fetch_max(current, Ordering::SeqCst);
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_probes_of_a_check_that_hangs_share_one_run_and_one_task() {
    let hangs = Hangs::default();
    let health = with("stuck", hangs.clone().on(Probe::Readiness));
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for round in 0..3 {
        let started = Instant::now();
        let probes = join_all((0..1000).map(|_| async {
            assert_eq!(status(&health, Probe::Liveness).await, Status::Healthy);
            assert_eq!(started.elapsed(), Duration::ZERO, "liveness does not wait");
            status(&health, Probe::Readiness).await
        }));
        let watch = async {
            sleep(SECOND).await;
            assert_eq!(tasks(), before + 1, "round {round}");
        };
        let (statuses, ()) = tokio::join!(probes, watch);
        assert!(statuses.iter().all(|status| *status == Status::Unhealthy));
        // The timeout is 2 s.
        assert!(
            started.elapsed() <= Duration::from_millis(2100),
            "{:?}",
            started.elapsed()
        );
        assert_eq!(hangs.highest.load(Ordering::SeqCst), 1);
        sleep(2 * SECOND).await;
    }
    assert_eq!(hangs.current.load(Ordering::SeqCst), 0);
    assert_eq!(tasks(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_blocks_its_thread_times_out() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let check = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = receiver.lock().unwrap().recv();
        async { true }
    };
    let health = with(
        "blocks",
        check
            .timeout(Duration::from_millis(50))
            .cache_for(Duration::ZERO),
    );
    for _ in 0..5 {
        let result = health.run_check("blocks").await.unwrap();
        assert_eq!(result.status(), Status::Unhealthy);
        let message = result.message().unwrap();
        assert!(
            message.contains("still running after") && message.contains("its timeout of 50ms"),
            "{message}"
        );
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1, "one run in flight");
    drop(sender);
    crate::support::until("it is healthy again", async || {
        health.run_check("blocks").await.unwrap().status() == Status::Healthy
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_unhealthy_with_its_message() {
    let health = Health::builder()
        .check("text", async || -> bool { panic!("no more beans") })
        .check("number", async || -> bool { std::panic::panic_any(7) })
        .check("outside the future", || {
            assert!(std::hint::black_box(false), "in the closure");
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
            "the check panicked: no message",
            "the check panicked: in the closure",
        ]
    );
    assert_eq!(report.failures().count(), 3);
    // The check still runs.
    assert_eq!(
        health.run_check("text").await.unwrap().status(),
        Status::Unhealthy
    );
}

#[tokio::test(start_paused = true)]
async fn probes_do_not_wait_for_background_checks_which_end_with_the_last_handle() {
    let dependency = Dependency::taking(Duration::from_millis(100));
    let health = with("db", dependency.clone().every(30 * SECOND));
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    health.run();
    sleep(SECOND / 2).await;
    assert_eq!(dependency.runs(), 1);
    sleep(30 * SECOND).await;
    assert_eq!(dependency.runs(), 2, "every 30 s");
    for _ in 0..100 {
        let started = Instant::now();
        assert!(health.report().await.is_healthy());
        assert_eq!(started.elapsed(), Duration::ZERO);
        sleep(SECOND).await;
    }
    assert_eq!(dependency.runs(), 5, "only background runs");
    let clone = health.clone();
    drop(health);
    sleep(60 * SECOND).await;
    assert_eq!(dependency.runs(), 7, "a clone keeps them going");
    drop(clone);
    sleep(SECOND).await;
    assert_eq!(tasks(), before);
    sleep(90 * SECOND).await;
    assert_eq!(dependency.runs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_background_check_starts_with_the_first_report() {
    let dependency = Dependency::default();
    let health = with("db", dependency.clone().every(10 * SECOND));
    sleep(SECOND).await;
    assert_eq!(dependency.runs(), 0, "nothing runs before the first report");
    assert!(health.report().await.is_healthy());
    sleep(25 * SECOND).await;
    assert!(
        (3..=4).contains(&dependency.runs()),
        "{}",
        dependency.runs()
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
        "its own status"
    );
    assert_eq!(status(&health, Probe::Readiness).await, Status::Degraded);
}

/// The timeout of a check that blocks its thread cannot fire, so only callers that wait can report it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_report_an_optional_check_that_blocks_its_thread() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = Arc::new(std::sync::Mutex::new(receiver));
    let runs = Arc::new(AtomicUsize::new(0));
    let check = move || {
        let (is_first, receiver) = (runs.fetch_add(1, Ordering::SeqCst) == 0, receiver.clone());
        async move {
            if !is_first {
                let _ = receiver.lock().unwrap().recv();
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
    crate::support::until("it is reported", async || {
        status(&health, Probe::Readiness).await == Degraded
    })
    .await;
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn probes_wait_briefly_for_checks_that_only_degrade() {
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
        let mut statuses = Vec::new();
        for _ in 0..3 {
            sleep(10 * SECOND).await;
            let probed = Instant::now();
            statuses.push(status(&health, Probe::Readiness).await);
            assert_eq!(probed.elapsed(), Duration::from_millis(100));
        }
        // The first probe gets the previous result, the others the result of the run that the probe before started.
        assert_eq!(statuses, [Healthy, Degraded, Degraded]);
        // A report waits for the current result.
        let started = Instant::now();
        sleep(10 * SECOND).await;
        let report = health.report().await;
        let result = report.result("dependency").unwrap();
        assert_eq!(result.message(), Some("timed out after 2s"));
        assert_eq!(started.elapsed(), 12 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_dependency_decides_readiness_until_its_first_success() {
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
    // It is down for ten minutes.
    for _ in 0..600 {
        sleep(SECOND).await;
        assert_eq!(status(&health, Probe::Liveness).await, Status::Healthy);
        let readiness = health.report_for(Probe::Readiness).await;
        assert_eq!(readiness.status(), Status::Degraded);
        assert_eq!(readiness.status().status_code(), 200);
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
    // One passes while the other fails; it is enough that each has passed once.
    sleep(2 * SECOND).await;
    index.set_down(false);
    cache.set_down(true);
    assert_eq!(status(&health, Probe::Startup).await, Status::Degraded);
    assert!(health.is_started());
    sleep(2 * SECOND).await;
    let runs = index.runs();
    assert_eq!(
        status(&health, Probe::Startup).await,
        Status::Healthy,
        "for good"
    );
    assert_eq!(index.runs(), runs, "no check runs any more");
    assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
}

#[tokio::test]
async fn an_explicit_start_ends_startup() {
    let health = Health::builder().explicit_start().build().unwrap();
    assert_eq!(status(&health, Probe::Startup).await, Status::Unhealthy);
    assert_eq!(status(&health, Probe::Readiness).await, Status::Unhealthy);
    health.mark_started();
    assert_eq!(status(&health, Probe::Startup).await, Status::Healthy);
    assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
    let without_checks = Health::builder().build().unwrap();
    assert_eq!(
        status(&without_checks, Probe::Readiness).await,
        Status::Healthy
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_fails_only_readiness() {
    let slow = Dependency::taking(SECOND);
    let health = with("db", slow.on(Probe::Readiness));
    assert!(health.report().await.is_healthy());
    assert_eq!(status(&health, Probe::Readiness).await, Status::Healthy);
    sleep(2 * SECOND).await;
    health.drain();
    let started = Instant::now();
    let readiness = health.report_for(Probe::Readiness).await;
    assert_eq!(started.elapsed(), Duration::ZERO, "it does not wait");
    assert_eq!(readiness.status(), Status::Unhealthy);
    assert_eq!(readiness.reason(), Some(&Reason::Draining));
    assert_eq!(status(&health, Probe::Liveness).await, Status::Healthy);
    assert_eq!(health.report().await.status(), Status::Healthy);
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_starts_while_checks_run_fails_readiness() {
    let slow = || async {
        sleep(SECOND).await;
        true
    };
    let health = with("db", slow.on(Probe::Readiness));
    assert!(health.report().await.is_healthy());
    sleep(2 * SECOND).await;
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
async fn probes_do_not_wait_for_a_background_check_that_hangs() {
    let runs = Arc::new(AtomicUsize::new(0));
    let hangs = {
        let runs = Arc::clone(&runs);
        move || {
            let is_first = runs.fetch_add(1, Ordering::SeqCst) == 0;
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
    assert_eq!(runs.load(Ordering::SeqCst), 2, "the second run hangs");
    let started = Instant::now();
    assert_eq!(status(&health, Probe::Readiness).await, Healthy);
    assert_eq!(started.elapsed(), Duration::ZERO);
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
        "the first beat is not late yet"
    );
    sleep(SECOND).await;
    assert_eq!(health.liveness().status(), Status::Unhealthy);
    worker.beat();
    assert_eq!(health.liveness().status(), Status::Healthy);
    assert_eq!(db.runs(), 0);
    health.fail_liveness("the ledger at postgres://app:hunter2@db is corrupt");
    health.fail_liveness("a later reason");
    let report = health.liveness();
    assert_eq!(report.status(), Status::Unhealthy);
    assert_eq!(
        report.reason(),
        Some(&Reason::Failed(
            "the ledger at postgres://app:[redacted]@db is corrupt".into()
        ))
    );
}

#[test]
fn a_stuck_runtime_is_detected_from_outside() {
    let health = Health::builder()
        .runtime_heartbeat(Duration::from_millis(200))
        .build()
        .unwrap();
    assert_eq!(health.liveness().status(), Status::Healthy, "not started");
    let (unblock, unblocked) = std::sync::mpsc::channel::<()>();
    let (block, blocked) = std::sync::mpsc::channel::<()>();
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
                block.send(()).unwrap();
                // Blocks the thread, as a lock or a long computation does.
                let _ = unblocked.recv();
                let deadline = std::time::Instant::now() + 10 * SECOND;
                while health.liveness().status() != Status::Healthy {
                    assert!(std::time::Instant::now() < deadline, "it stays stuck");
                    sleep(Duration::from_millis(10)).await;
                }
            });
        }
    });
    blocked.recv().unwrap();
    let deadline = std::time::Instant::now() + 10 * SECOND;
    while health.liveness().reason() != Some(&Reason::RuntimeStuck) {
        assert!(std::time::Instant::now() < deadline, "it is not detected");
        std::thread::yield_now();
    }
    drop(unblock);
    service.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn subscribers_receive_changes() {
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
    let mut received = Vec::new();
    while let Some(change) = changes.next().await {
        if change.result.name() == "db" {
            received.push((change.before, change.result.status(), change.overall));
        }
    }
    assert_eq!(
        received[1..],
        [
            (Some(Healthy), Unhealthy, Unhealthy),
            (Some(Unhealthy), Healthy, Degraded)
        ]
    );
    assert_eq!((received[0].0, received[0].1), (None, Healthy));
}

/// Otherwise the log and the metrics would show no reason for a restart.
#[tokio::test(start_paused = true)]
async fn subscribers_receive_changes_of_checks_on_liveness() {
    let (recorder, reader) = crate::support::recorder();
    let worker = Heartbeat::new(SECOND);
    let health = Health::builder()
        .check("worker", worker.clone().on(Probe::Liveness))
        .recorder(recorder)
        .build()
        .unwrap();
    let mut changes = health.subscribe();
    let mut received = Vec::new();
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
            received.push((change.before, change.result.status(), change.overall));
        }
    }
    let expected = [
        (None, Healthy, Healthy),
        (Some(Healthy), Unhealthy, Unhealthy),
        (Some(Unhealthy), Healthy, Healthy),
    ];
    assert_eq!(received, expected);
    assert_eq!(reader.take().gauge("health_check_status", &[]), 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_tag_selects_checks() {
    let other = Dependency::default();
    let health = Health::builder()
        .check("orders", (|| async { true }).tag("db"))
        .check("users", (|| async { false }).tag("db").tag("users"))
        .check("mail", other.clone())
        .build()
        .unwrap();
    let report = health.report_for_tag("db").await.unwrap();
    assert_eq!(
        report.results().map(CheckResult::name).collect::<Vec<_>>(),
        ["orders", "users"]
    );
    assert_eq!(report.status(), Status::Unhealthy);
    assert_eq!(other.runs(), 0);
    assert!(
        health.report_for_tag("dbs").await.is_none(),
        "an unknown tag is not healthy"
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
    let metrics = reader.take();
    assert_eq!(
        metrics.samples("health_check_duration_seconds", &[("check", "db")]),
        [0.25; 3]
    );
    assert_eq!(
        metrics.gauge("health_check_status", &[("check", "db")]),
        0.0
    );
    assert_eq!(
        metrics.gauge("health_check_status", &[("check", "cache")]),
        0.5
    );
}

#[test]
fn a_report_without_a_runtime_says_so() {
    let health = with("db", || async { true });
    let report = health.report().now_or_never().unwrap();
    assert_eq!(report.status(), Status::Unhealthy);
    let message = report.result("db").unwrap().message().unwrap();
    assert!(message.contains("tokio runtime"), "{message}");
    health.run();
    let _ = health.liveness();
}

#[test]
fn a_report_without_a_runtime_does_not_wait_for_a_run_on_another() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let health = with("db", pending::<bool>);
    runtime.block_on(async {
        let waited = timeout(Duration::from_millis(20), health.report()).await;
        assert!(waited.is_err(), "it is in flight");
    });
    let report = health.report().now_or_never().unwrap();
    let message = report.result("db").unwrap().message().unwrap();
    assert!(message.contains("tokio runtime"), "{message}");
}

/// A suspended runtime polls no task, so its runs are not late.
#[test]
fn an_overdue_run_gets_a_turn_before_it_is_late() {
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
    // The clock advances while the run gets no turn.
    let report = runtime.block_on(async {
        pause().await;
        health.report().await
    });
    assert_eq!(report.status(), Healthy, "{report:?}");
}

#[test]
fn checks_run_again_after_their_runtime_has_shut_down() {
    let db = Dependency::taking(Duration::from_millis(20));
    let health = with("db", db.clone().every(Duration::from_millis(10)));
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let before = db.runs();
        runtime.block_on(async {
            let report = health.report().await;
            assert_eq!(report.status(), Status::Healthy);
            crate::support::until("background runs continue", async || db.runs() > before + 2)
                .await;
        });
        // The runtime is dropped during a run.
    }
}

#[test]
fn debug_shows_only_names() {
    let health = with("db", || async { Err::<(), _>("password=hunter2") });
    assert_eq!(
        format!("{health:?}"),
        "Health { checks: [\"db\"], is_started: false, is_draining: false, .. }"
    );
}
