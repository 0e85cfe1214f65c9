//! The store is unavailable for a minute under load: no job is affected, the queue stays bounded, and every run is accounted
//! for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

mod load;
mod pgbouncer;
mod stores;
#[path = "../support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::time::Duration;

use load::{LOAD, Load};
use stores::{Full, Limited, Locked, Server, Store};
use support::Taken;
use support::disk::Disk;
use support::log::Log;
use tokio::time::{Instant, sleep, timeout};
use tower_vitals::jobs::store::RunStore;
use tower_vitals::jobs::{History, Job, Jobs, RunQuery, RunRecord, RunStatus, Uuid};

/// A run that begins before the outage and ends after it.
const LONG: Job = Job::named("long");

const MAX_QUEUED: usize = 2_000;
const LEASE: Duration = Duration::from_secs(2);

/// The load begins 500 runs a second.
const IN_A_MINUTE: usize = 30_000;

/// Long enough for a slow machine.
const DEADLINE: Duration = Duration::from_mins(5);

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The runs in the order of their ends, and the number that had ended at each step of the outage.
struct Outage {
    ended: Vec<(Uuid, RunStatus)>,
    before: usize,
    during: usize,
    caught_up: usize,
}

async fn run_through_outage(name: &str, mut store: impl Store) {
    let (log, _logged) = Log::of_this_thread();
    let (recorder, reader) = support::recorder();
    let history = store.history();
    let jobs = Jobs::builder()
        .job(LOAD)
        .history(history.clone())
        .max_queued(MAX_QUEUED)
        .lease(LEASE)
        .recorder(recorder)
        .run()
        .unwrap();
    let long_run = jobs.start(LONG);
    let load = Load::start(&jobs);
    load.wait_for(1_000).await;
    jobs.flush().await;

    store.fail().await;
    let before = load.ended();
    load.wait_for(IN_A_MINUTE / 2).await;
    store.fail_differently().await;
    load.wait_for(IN_A_MINUTE / 2).await;
    // The store is still unavailable: all runs ended without it, and the queue is full.
    let error = jobs.shutdown(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "2000 job events could not be written to the history within 1ms"
    );
    assert_eq!(
        log.count("the job history can write runs again"),
        0,
        "{}",
        log.text()
    );
    let during = load.ended();

    store.recover().await;
    timeout(DEADLINE, jobs.flush()).await.unwrap();
    let caught_up = load.ended();
    load.wait_for(1_000).await;
    let ended = load.stop().await;
    let id = long_run.id();
    long_run.finish();
    timeout(DEADLINE, jobs.flush()).await.unwrap();
    until(
        "no run is running, because those without an end are lost",
        async || {
            let running = RunQuery::new().status(RunStatus::Running);
            history.runs(&running).await.unwrap().is_empty()
        },
    )
    .await;

    let mut written = all(&history).await;
    assert_eq!(written.remove(&id), Some(RunStatus::Success));
    let outage = Outage {
        ended,
        before,
        during,
        caught_up,
    };
    let (missing, lost) = outage.account_for(name, written, &reader.take());
    // A write whose answer was lost is not counted twice.
    let stats = history.stats(LOAD.name()).await.unwrap().unwrap();
    assert_eq!(stats.total_runs(), outage.ended.len() as u64 - missing);
    assert_eq!(stats.count(RunStatus::Lost), lost);
    let logged = [
        "the job history cannot write runs",
        "the job history can write runs again",
        "a run is lost",
    ];
    let logged = logged.map(|line| log.count(line) as u64);
    assert_eq!(logged, [1, 1, lost], "{}", log.text());
}

impl Outage {
    /// Returns the number of missing runs and of lost runs.
    fn account_for(
        &self,
        name: &str,
        mut written: HashMap<Uuid, RunStatus>,
        metrics: &Taken,
    ) -> (u64, u64) {
        let ended = &self.ended;
        let (mut lost, mut missing, mut written_late) = (0_u64, 0_u64, 0);
        for (index, (id, status)) in ended.iter().enumerate() {
            let found = written.remove(id);
            let is_certain = index < self.before || index >= self.caught_up;
            match found {
                Some(found) if found == *status => {
                    written_late += u64::from((self.before..self.during).contains(&index));
                }
                Some(RunStatus::Lost) if !is_certain => lost += 1,
                None if !is_certain => missing += 1,
                _ => panic!("run {index} of {name} ended as {status}, and is stored as {found:?}"),
            }
        }
        assert!(written.is_empty(), "unknown runs: {written:?}");

        let dropped = metrics.counter("monitoring_job_events_dropped_total", &[]);
        println!(
            "{name}: {} runs, {} of them during the outage, {written_late} of those written; {missing} are missing, {lost} are lost, \
         {dropped} events were dropped",
            ended.len(),
            self.during - self.before,
        );
        // The full queue was written after the outage. It held mostly ends, and at most two events of a run.
        assert!(written_late >= MAX_QUEUED as u64 / 2, "{written_late}");
        assert!(
            missing > IN_A_MINUTE as u64 / 2,
            "the queue of 2,000 events overflowed"
        );
        // Both events of a missing run and the end of a lost one were dropped. The start of any other run may have been.
        let at_least = 2 * missing + lost;
        let at_most = at_least + (ended.len() as u64 - missing - lost);
        assert!((at_least..=at_most).contains(&dropped), "{dropped}");

        // Metrics are complete, even if the history is not.
        let count = |status: RunStatus| {
            let labels = [("job_name", "load"), ("status", status.as_str())];
            metrics.counter("scheduler_jobs_total", &labels)
        };
        let ended_as = |status| ended.iter().filter(|(_, it)| *it == status).count() as u64;
        for status in [RunStatus::Success, RunStatus::Failed] {
            assert_eq!(count(status), ended_as(status), "{status}");
        }
        assert_eq!(
            (count(RunStatus::Cancelled), count(RunStatus::Lost)),
            (0, lost)
        );
        assert_eq!(metrics.gauge("scheduler_jobs_in_progress", &[]), 0.0);
        let durations = metrics.samples("scheduler_job_duration_seconds", &[("job_name", "load")]);
        assert_eq!(durations.len(), ended.len());
        (missing, lost)
    }
}

/// The status of each stored run.
async fn all(history: &impl History) -> HashMap<Uuid, RunStatus> {
    let mut all = HashMap::new();
    let mut query = RunQuery::new().limit(1000);
    loop {
        let page: Vec<RunRecord> = history.runs(&query).await.unwrap();
        let Some(last) = page.last() else { return all };
        query = query.after(last);
        all.extend(page.iter().map(|run| (run.id, run.status)));
    }
}

async fn postgres() {
    run_through_outage("PostgreSQL", Server::start()).await;
}

async fn locked() {
    run_through_outage("SQLite, locked", Locked::new()).await;
}

async fn full() {
    if let Some(disk) = Disk::mount("full") {
        run_through_outage("SQLite, disk full", Full(disk)).await;
        return;
    }
    // Some containers do not allow mounts.
    println!("no disk can be mounted here: SQLite's file is limited in size instead");
    run_through_outage("SQLite, at its limit", Limited::new()).await;
}

/// All stores fail in the same minute, each on its own thread with its own log.
#[test]
#[ignore = "needs PostgreSQL's programs: tests/run"]
fn an_unavailable_store_affects_no_job_and_every_run_is_accounted_for() {
    fn on_this_thread(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(test);
    }
    std::thread::scope(|threads| {
        threads.spawn(|| on_this_thread(postgres()));
        threads.spawn(|| on_this_thread(locked()));
        threads.spawn(|| on_this_thread(full()));
    });
}
