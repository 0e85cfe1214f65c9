//! The store of jobs is away for a minute, under load: no job is harmed, the queue stays bounded, and of every run it is known
//! whether it was kept.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
)]

mod load;
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

/// One run, from before the outage to after it.
const LONG: Job = Job::named("long");

const MAX_QUEUED: usize = 2_000;
const LEASE: Duration = Duration::from_secs(2);

/// Runs of the load, which begins 500 a second.
const IN_A_MINUTE: usize = 30_000;

/// On a machine that is slow.
const DEADLINE: Duration = Duration::from_mins(5);

/// Fails by what it was that did not happen.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{DEADLINE:?}, not: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// What ran, in the order of its ends, and the first that ended after the store was gone, was asked to return, and had caught up.
struct Minute {
    ended: Vec<(Uuid, RunStatus)>,
    gone: usize,
    asked: usize,
    caught_up: usize,
}

/// Issue D, "Must show" 3.
async fn is_away_for_a_minute(name: &str, mut store: impl Store) {
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
    let through = jobs.start(LONG);
    let load = Load::start(&jobs);
    load.of(1_000).await;
    jobs.flush().await;

    store.goes_away().await;
    let gone = load.ended();
    load.of(IN_A_MINUTE / 2).await;
    store.at_half_time().await;
    load.of(IN_A_MINUTE / 2).await;
    // It is still away: all of them ended without it, and no more of them wait than may.
    let waiting = jobs.shutdown(Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(
        waiting.to_string(),
        "2000 starts and ends of jobs could not be written to the history within 1ms"
    );
    assert_eq!(
        log.count("the history of jobs is back: it can be written to"),
        0,
        "{}",
        log.text()
    );
    let asked = load.ended();

    store.is_back().await;
    timeout(DEADLINE, jobs.flush()).await.unwrap();
    let caught_up = load.ended();
    load.of(1_000).await;
    let ended = load.stop().await;
    let id = through.id();
    through.finish();
    timeout(DEADLINE, jobs.flush()).await.unwrap();
    until(
        "no run is running: those without an end are lost",
        async || {
            let running = RunQuery::new().status(RunStatus::Running);
            history.runs(&running).await.unwrap().is_empty()
        },
    )
    .await;

    let mut kept = all(&history).await;
    assert_eq!(kept.remove(&id), Some(RunStatus::Success));
    let minute = Minute {
        ended,
        gone,
        asked,
        caught_up,
    };
    let (absent, lost) = minute.is_accounted_for(name, kept, &reader.take());
    // An answer that was not heard is no reason to count twice.
    let stats = history.stats(LOAD.name()).await.unwrap().unwrap();
    assert_eq!(stats.total_runs(), minute.ended.len() as u64 - absent);
    assert_eq!(stats.count(RunStatus::Lost), lost);
    let said = [
        "the history of jobs cannot be written to",
        "the history of jobs is back: it can be written to",
        "a run is lost",
    ];
    let said = said.map(|what| log.count(what) as u64);
    assert_eq!(said, [1, 1, lost], "{}", log.text());
}

impl Minute {
    /// How many runs are not there, and how many are lost.
    fn is_accounted_for(
        &self,
        name: &str,
        mut kept: HashMap<Uuid, RunStatus>,
        taken: &Taken,
    ) -> (u64, u64) {
        let ended = &self.ended;
        let (mut lost, mut absent, mut kept_within) = (0_u64, 0_u64, 0);
        for (at, (id, status)) in ended.iter().enumerate() {
            let found = kept.remove(id);
            let is_certain = at < self.gone || at >= self.caught_up;
            match found {
                Some(found) if found == *status => {
                    kept_within += u64::from((self.gone..self.asked).contains(&at));
                }
                Some(RunStatus::Lost) if !is_certain => lost += 1,
                None if !is_certain => absent += 1,
                _ => panic!("run {at} of {name} ended as {status}, and there it is {found:?}"),
            }
        }
        assert!(kept.is_empty(), "runs that there never were: {kept:?}");

        let dropped = taken.counter("monitoring_job_events_dropped_total", &[]);
        println!(
            "{name}: {} runs, {} of them while it was away, of which {kept_within} were kept; {absent} are not there, {lost} have \
         no end there, {dropped} starts and ends were dropped",
            ended.len(),
            self.asked - self.gone,
        );
        // What waited when it was back was written: almost only ends, and two events of a run at the most.
        assert!(kept_within >= MAX_QUEUED as u64 / 2, "{kept_within}");
        assert!(
            absent > IN_A_MINUTE as u64 / 2,
            "a queue of 2,000 is too small"
        );
        // Both events of one that is not there, the end of one that was lost; and the start of any that is there.
        let at_least = 2 * absent + lost;
        let at_most = at_least + (ended.len() as u64 - absent - lost);
        assert!((at_least..=at_most).contains(&dropped), "{dropped}");

        // What is measured is what happened, whatever the history has of it.
        let count = |status: RunStatus| {
            let labels = [("job_name", "load"), ("status", status.as_str())];
            taken.counter("scheduler_jobs_total", &labels)
        };
        let of = |status| ended.iter().filter(|(_, its)| *its == status).count() as u64;
        for status in [RunStatus::Success, RunStatus::Failed] {
            assert_eq!(count(status), of(status), "{status}");
        }
        assert_eq!(
            (count(RunStatus::Cancelled), count(RunStatus::Lost)),
            (0, lost)
        );
        assert_eq!(taken.gauge("scheduler_jobs_in_progress", &[]), 0.0);
        let durations = taken.samples("scheduler_job_duration_seconds", &[("job_name", "load")]);
        assert_eq!(durations.len(), ended.len());
        (absent, lost)
    }
}

/// How each run is there.
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
    is_away_for_a_minute("PostgreSQL", Server::start()).await;
}

async fn locked() {
    is_away_for_a_minute("SQLite, locked", Locked::new()).await;
}

async fn full() {
    if let Some(disk) = Disk::mount("full") {
        is_away_for_a_minute("SQLite, disk full", Full(disk)).await;
        return;
    }
    // Some containers allow no mount.
    println!("no disk can be mounted here: SQLite is told that its file may not grow");
    is_away_for_a_minute("SQLite, at its limit", Limited::new()).await;
}

/// All of them in the same minute, however many tests may run at once. Each has a thread, whose log is its own.
#[test]
#[ignore = "needs PostgreSQL's programs: tests/run"]
fn a_store_is_away_for_a_minute() {
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
