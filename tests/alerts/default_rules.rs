//! Each default rule fires, is told with its text, and resolves: a service whose metrics the crate's own instruments record, in
//! simulated time. A test cannot stage the usage of the host, the delay of the runtime and slow requests, so the script records these
//! itself.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use metrics::{Key, Metadata, Recorder};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::alerts::state::{AlertState, Transition};
use tower_vitals::alerts::{Alerts, Receiver, Rules, Thresholds};
use tower_vitals::instrument::{DatabaseConnections, ExternalApi};
use tower_vitals::jobs::{Job, Jobs, MemoryHistory};
use tower_vitals::{Health, HttpMetricsLayer, Prometheus};

use super::kept::Kept;

const TICK: Duration = Duration::from_secs(15);
/// Longer than the windows of the rules.
const BEFORE: usize = 24;
const FAULT: usize = 10;
const AFTER: usize = 30;

const SYNC: Job = Job::named("sync").failing_after(3);
/// Is late 82 s after its last start.
const HOURLY: Job = Job::named("hourly")
    .every(Duration::from_secs(60))
    .grace(Duration::from_secs(22));
/// The time of runs is real, so each that goes on is too long.
const REPORT: Job = Job::named("report").max_runtime(Duration::from_nanos(1));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Cpu,
    Memory,
    MoreMemory,
    Disk,
    Errors,
    Slow,
    Calls,
    Connections,
    Check,
    Runtime,
    JobFails,
    JobLate,
    JobTooLong,
}

/// A service, its instruments and its alerts.
struct Service {
    prometheus: Prometheus,
    health: Health,
    is_well: Arc<AtomicBool>,
    jobs: Jobs,
    /// Ends the run that takes too long.
    report: Option<oneshot::Sender<()>>,
    alerts: Alerts,
    kept: Kept,
    start: SystemTime,
    ticks: u32,
}

impl Service {
    fn new() -> Self {
        let prometheus = Prometheus::builder().build().unwrap();
        let is_well = Arc::new(AtomicBool::new(true));
        let of_check = Arc::clone(&is_well);
        let health = Health::builder()
            .recorder(prometheus.clone())
            .cache_for(Duration::ZERO)
            .check("database", move || ready(of_check.load(Ordering::Relaxed)))
            .build()
            .unwrap();
        let start = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let began = Instant::now();
        let jobs = Jobs::builder()
            .recorder(prometheus.clone())
            .history(MemoryHistory::new().clock(move || start + began.elapsed()))
            .job(SYNC)
            .job(HOURLY)
            .job(REPORT)
            .run()
            .unwrap();
        let kept = Kept::default();
        let receiver = Receiver::from(kept.clone())
            .group_wait(Duration::ZERO)
            .group_interval(TICK)
            .cooldown(Duration::ZERO)
            .max_per_hour(10_000);
        let alerts = Alerts::builder()
            .rules(Rules::defaults(Thresholds::default()).unwrap())
            .recorder(prometheus.clone())
            .channel(receiver)
            .manual()
            .run()
            .unwrap();
        Self {
            prometheus,
            health,
            is_well,
            jobs,
            report: None,
            alerts,
            kept,
            start,
            ticks: 0,
        }
    }

    fn gauge(&self, name: &'static str, labels: &[(&'static str, &'static str)], value: f64) {
        let metadata = Metadata::new("test", metrics::Level::INFO, None);
        let key = Key::from_parts(name, labels);
        self.prometheus.register_gauge(&key, &metadata).set(value);
    }

    fn host(&self, fault: Fault) {
        let is = |other, bad: f64| if fault == other { bad } else { 0.5 };
        self.gauge("system_cpu_usage_ratio", &[], is(Fault::Cpu, 0.81));
        let memory = is(Fault::Memory, 0.86).max(is(Fault::MoreMemory, 0.91));
        self.gauge("system_memory_used_ratio", &[], memory);
        self.gauge("system_disk_used_ratio", &[("mount", "/")], 0.5);
        let disk = is(Fault::Disk, 0.91);
        self.gauge("system_disk_used_ratio", &[("mount", "/data")], disk);
        let delay = is(Fault::Runtime, 6.0);
        self.gauge("tokio_scheduling_delay_seconds", &[], delay);
    }

    /// Requests through the layer.
    fn requests(&self, status: StatusCode, number: u32) {
        let layer = HttpMetricsLayer::builder()
            .recorder(self.prometheus.clone())
            .build()
            .unwrap();
        for _ in 0..number {
            let answer = move |_| {
                let mut response = Response::new(Empty::<&'static [u8]>::new());
                *response.status_mut() = status;
                ready(Ok::<_, Infallible>(response))
            };
            let service = layer.layer(service_fn(answer));
            let done = service.oneshot(Request::new(())).now_or_never();
            drop(done.unwrap().unwrap());
        }
    }

    fn traffic(&self, fault: Fault) {
        self.requests(StatusCode::OK, 20);
        if fault == Fault::Errors {
            self.requests(StatusCode::SERVICE_UNAVAILABLE, 5);
        }
        if fault == Fault::Slow {
            let labels = [("method", "GET"), ("endpoint", "/slow")];
            let key = Key::from_parts("http_request_duration_seconds", &labels);
            let metadata = Metadata::new("test", metrics::Level::INFO, None);
            let durations = self.prometheus.register_histogram(&key, &metadata);
            durations.record_many(3.0, 5);
        }
        let api = ExternalApi::new("maps", "/").recorder(self.prometheus.clone());
        for _ in 0..10 {
            api.record(StatusCode::OK, Duration::from_millis(50));
        }
        if fault == Fault::Calls {
            for _ in 0..5 {
                api.record(StatusCode::TOO_MANY_REQUESTS, Duration::from_millis(50));
            }
        }
        let connections = DatabaseConnections::new().recorder(self.prometheus.clone());
        let in_use = if fault == Fault::Connections { 9 } else { 5 };
        connections.set(in_use, in_use);
        connections.set_max(10);
    }

    async fn run_jobs(&mut self, fault: Fault) {
        let result = if fault == Fault::JobFails {
            Err("no orders")
        } else {
            Ok(())
        };
        let done = self.jobs.monitor(SYNC, ready(result)).await;
        assert_eq!(done, result);
        if fault != Fault::JobLate {
            let done = self.jobs.monitor(HOURLY, ready(Ok::<_, String>(()))).await;
            done.unwrap();
        }
        if fault != Fault::JobTooLong {
            self.report = None;
        } else if self.report.is_none() {
            let (sender, ended) = oneshot::channel();
            self.report = Some(sender);
            let run = self.jobs.monitor(REPORT, ended);
            tokio::spawn(async move { drop(run.await) });
        }
        self.jobs.flush().await;
    }

    /// Plays some ticks, and returns the changes with their ticks from 0.
    async fn play(&mut self, ticks: usize, fault: Fault) -> Vec<(usize, Transition)> {
        let mut changes = Vec::new();
        for tick in 0..ticks {
            self.host(fault);
            self.traffic(fault);
            self.is_well.store(fault != Fault::Check, Ordering::Relaxed);
            self.health.report().await;
            self.run_jobs(fault).await;
            let now = self.start + TICK * self.ticks;
            let snapshot = self.prometheus.snapshot();
            let step = self.alerts.evaluate_at(&snapshot, now).await.unwrap();
            changes.extend(step.into_iter().map(|change| (tick, change)));
            self.ticks += 1;
            sleep(TICK).await;
        }
        changes
    }
}

/// The rules that reach a state, each with the first tick.
fn reached(changes: &[(usize, Transition)], state: AlertState) -> BTreeSet<(&str, usize)> {
    let changes = changes.iter().filter(|(_, change)| change.to == state);
    changes
        .map(|(tick, change)| (&*change.name, *tick))
        .collect()
}

/// The jobs judge themselves some seconds after a run, so their rules see it at the next tick. A window of five minutes holds 20
/// evaluations: the errors of one series with 5 at each tick are 20 after the first and 2.5 estimated before it, of 422.5 requests.
/// They leave the window when it begins in the fault.
///
/// One fault: the rules that fire, each with the tick of the fault at which it fires, the tick after the fault at which it resolves,
/// and the summary that is told, if it is told.
type Case = (
    Fault,
    &'static [(&'static str, usize, usize, Option<&'static str>)],
);

const CASES: &[Case] = &[
    (
        Fault::Cpu,
        &[("HighCpu", 1, 0, Some("81% of CPU time is used"))],
    ),
    (
        Fault::Memory,
        &[("HighMemory", 1, 0, Some("86% of memory is used"))],
    ),
    (
        Fault::MoreMemory,
        &[
            ("CriticalMemory", 0, 0, Some("91% of memory is used")),
            ("HighMemory", 1, 0, None),
        ],
    ),
    (
        Fault::Disk,
        &[("DiskAlmostFull", 0, 0, Some("/data is 91% full"))],
    ),
    (
        Fault::Errors,
        &[("HighErrorRate", 4, 14, Some("5.325% of requests fail"))],
    ),
    (
        Fault::Slow,
        &[(
            "SlowRequests",
            4,
            14,
            Some("95 % of requests take up to 2.653s"),
        )],
    ),
    (
        Fault::Calls,
        &[(
            "ExternalApiErrors",
            6,
            14,
            Some("13.98% of requests to maps fail"),
        )],
    ),
    (
        Fault::Connections,
        &[(
            "DatabasePoolBusy",
            1,
            0,
            Some("90% of the database connections are in use"),
        )],
    ),
    (
        Fault::Check,
        &[(
            "HealthCheckUnhealthy",
            0,
            0,
            Some("health check database is unhealthy"),
        )],
    ),
    (
        Fault::Runtime,
        &[(
            "RuntimeStuck",
            0,
            0,
            Some("a new task waits 6s for its first turn"),
        )],
    ),
    (
        Fault::JobFails,
        &[("JobFailing", 3, 1, Some("job sync fails again and again"))],
    ),
    (
        Fault::JobLate,
        &[(
            "JobLate",
            5,
            1,
            Some("job hourly did not start when it was expected"),
        )],
    ),
    (
        Fault::JobTooLong,
        &[(
            "JobTooLong",
            1,
            1,
            Some("a run of job report takes longer than allowed"),
        )],
    ),
];

#[tokio::test(start_paused = true)]
async fn each_default_rule_fires_is_told_and_resolves() {
    let mut tried = BTreeSet::new();
    for (fault, expected) in CASES {
        let mut service = Service::new();
        let before = service.play(BEFORE, Fault::None).await;
        assert_eq!(before, [], "{fault:?}: before");
        let during = service.play(FAULT, *fault).await;
        let after = service.play(AFTER, Fault::None).await;
        let fires = expected.iter().map(|(rule, fires, ..)| (*rule, *fires));
        let fires: BTreeSet<_> = fires.collect();
        assert_eq!(reached(&during, AlertState::Firing), fires, "{fault:?}");
        assert_eq!(
            reached(&during, AlertState::Resolved),
            [].into(),
            "{fault:?}"
        );
        assert_eq!(reached(&after, AlertState::Firing), [].into(), "{fault:?}");
        let ends = expected.iter().map(|(rule, _, ends, _)| (*rule, *ends));
        let ends: BTreeSet<_> = ends.collect();
        assert_eq!(reached(&after, AlertState::Resolved), ends, "{fault:?}");
        let mut told = Vec::new();
        for sent in service.kept.sent() {
            let tick = sent.at.duration_since(service.start).unwrap().as_secs() / 15;
            let tick = usize::try_from(tick).unwrap();
            for alert in &sent.alerts {
                let summary = alert.summary().to_owned();
                told.push((tick, alert.name.clone(), alert.is_firing, summary));
            }
        }
        let of_rule = |(rule, fires, ends, summary): &(&str, usize, usize, Option<&str>)| {
            let at = |tick: usize, is_firing| {
                let summary = (*summary)?.to_owned();
                Some((tick, (*rule).to_owned(), is_firing, summary))
            };
            [at(BEFORE + fires, true), at(BEFORE + FAULT + ends, false)]
        };
        let expected_told: Vec<_> = expected.iter().flat_map(of_rule).flatten().collect();
        assert_eq!(told, expected_told, "{fault:?}");
        tried.extend(expected.iter().map(|(rule, ..)| *rule));
    }
    let rules = Rules::defaults(Thresholds::default()).unwrap();
    let all: BTreeSet<_> = rules.iter().map(|rule| &*rule.name).collect();
    assert_eq!(tried, all);
}
