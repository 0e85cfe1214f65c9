//! PgBouncer restarts, and PostgreSQL behind it: no run is missing, lost or counted twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tower_vitals::jobs::store::RunStore;
use tower_vitals::jobs::{Jobs, PostgresHistory, RunStatus};

use crate::load::{LOAD, Load};
use crate::support;
use crate::support::log::Log;
use crate::support::postgres::Cluster;
use crate::{DEADLINE, LEASE, LONG, all};

/// More than the events of all outages.
const MAX_QUEUED: usize = 100_000;

/// At 500 runs a second, an outage is longer than a lease.
const RUNS: usize = 1_500;

type Action = fn(&Cluster);

#[tokio::test]
#[ignore = "needs PostgreSQL's programs and PgBouncer: tests/run"]
async fn restarts_of_pgbouncer_and_of_its_server_lose_no_run() {
    let (log, _logged) = Log::of_this_thread();
    let (recorder, reader) = support::recorder();
    let cluster = Arc::new(Cluster::start("bouncer"));
    let url = cluster.start_pgbouncer();
    let act = async |action: Action| {
        let cluster = Arc::clone(&cluster);
        spawn_blocking(move || action(&cluster)).await.unwrap();
    };
    let history = PostgresHistory::url(&url).unwrap();
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
    load.wait_for(RUNS).await;
    jobs.flush().await;

    let outages: [(Action, Action); 3] = [
        (Cluster::stop_pgbouncer, |it| drop(it.start_pgbouncer())),
        (Cluster::kill, Cluster::start_again),
        (
            |it| {
                it.stop_pgbouncer();
                it.kill();
            },
            |it| {
                it.start_pgbouncer();
                it.start_again();
            },
        ),
    ];
    for (begin, end) in outages {
        act(begin).await;
        load.wait_for(RUNS).await;
        act(end).await;
        let flushed = timeout(DEADLINE, jobs.flush()).await;
        assert!(flushed.is_ok(), "{}", log.text());
        load.wait_for(RUNS).await;
    }
    let ended = load.stop().await;
    let id = long_run.id();
    long_run.finish();
    timeout(DEADLINE, jobs.flush()).await.unwrap();

    let mut expected: HashMap<_, _> = ended.iter().copied().collect();
    expected.insert(id, RunStatus::Success);
    let written = all(&history).await;
    assert_eq!(written.len(), expected.len(), "{}", log.text());
    assert!(written == expected, "a status is wrong: {}", log.text());
    let stats = history.stats(LOAD.name()).await.unwrap().unwrap();
    assert_eq!(
        stats.total_runs(),
        ended.len() as u64,
        "each is counted once"
    );
    assert_eq!((stats.count(RunStatus::Lost), stats.running), (0, 0));
    let dropped = reader
        .take()
        .counter("monitoring_job_events_dropped_total", &[]);
    assert_eq!(dropped, 0);
    let lines = [
        "the job history cannot write runs",
        "the job history can write runs again",
        "prepared statement",
        "a run is lost",
    ];
    let [failed, works_again, prepared, lost] = lines.map(|line| log.count(line));
    // While its server is down, PgBouncer may let a client wait.
    assert!((1..=3).contains(&failed), "{}", log.text());
    assert_eq!(
        [works_again, prepared, lost],
        [failed, 0, 0],
        "{}",
        log.text()
    );
    jobs.shutdown(Duration::from_secs(5)).await.unwrap();
    println!("{} runs", ended.len());
}
