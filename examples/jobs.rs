//! Background jobs with a history in SQLite or PostgreSQL: one succeeds, one fails, one takes too long, one never starts.
//!
//! Run `cargo run --example jobs --features jobs-sqlite,jobs-postgres` and try the commands that it prints. Stop it, even with
//! `kill -9`, and start it again: ended runs are in the history, and runs that had not ended are lost.
//!
//! Variables: `JOBS_DB` (the SQLite file, default `jobs.db`), `DATABASE_URL` (a PostgreSQL database instead, which several
//! processes can share), `INSTANCE` (the name in the history, default the host name) and `PORT` (default 3000).
#![allow(clippy::print_stdout, reason = "an example prints commands to try")]

use std::env;
use std::io;
use std::time::Duration;

use tokio::time::{interval, sleep};
use tower_vitals::health::Check;
use tower_vitals::jobs::{Job, Jobs, PostgresHistory, ProblemChanges, SqliteHistory};
use tower_vitals::routes::Guard;
use tower_vitals::{Health, Prometheus, Routes};

const TICK: Job = Job::named("tick")
    .every(Duration::from_millis(20))
    .grace(Duration::from_secs(5));
const IMPORT: Job = Job::named("import")
    .every(Duration::from_secs(10))
    .failing_after(2);
const EXPORT: Job = Job::named("export")
    .every(Duration::from_secs(20))
    .max_runtime(Duration::from_secs(2));
/// Never starts.
const REPORT: Job = Job::named("report")
    .cron("* * * * *", "Europe/Berlin")
    .grace(Duration::from_secs(10));

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let prometheus = Prometheus::install()?;
    let mut jobs = Jobs::builder()
        .job(TICK)
        .job(IMPORT)
        .job(EXPORT)
        .job(REPORT)
        // Short, so that runs of a killed process are soon marked lost.
        .lease(Duration::from_secs(2));
    if let Ok(instance) = env::var("INSTANCE") {
        jobs = jobs.instance(instance);
    }
    let jobs = if let Ok(url) = env::var("DATABASE_URL") {
        jobs.history(PostgresHistory::url(&url)?)
    } else {
        let file = env::var("JOBS_DB").unwrap_or_else(|_| "jobs.db".to_owned());
        jobs.history(SqliteHistory::open(file))
    };
    let jobs = jobs.run()?;
    let tasks = [
        tokio::spawn(tick(jobs.clone())),
        tokio::spawn(import(jobs.clone())),
        tokio::spawn(export(jobs.clone())),
        tokio::spawn(print_problems(jobs.subscribe())),
    ];

    let health = Health::builder()
        // The service works even if its jobs have problems.
        .check("jobs", jobs.health_check().optional())
        .build()?;
    let routes = Routes::new()
        .metrics(prometheus)
        .health(health.clone())
        .jobs(jobs.clone())
        // Open, because this listens on loopback only. Use a real guard on any other address.
        .guard(Guard::open());
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let server = routes.spawn(format!("127.0.0.1:{port}")).await?;
    let url = format!("http://{}", server.local_addr());
    println!("listening on {url}");
    println!("try  curl {url}/jobs");
    println!("     curl '{url}/jobs/status?status=failed&limit=3'");
    println!("     curl {url}/jobs/stats/tick");
    println!("     curl {url}/metrics");
    server.until(health.shutdown_signal()).await;
    // Running jobs are cancelled before the last events are written.
    for task in tasks {
        task.abort();
        let ended = task.await;
        debug_assert!(ended.is_err());
    }
    jobs.shutdown(Duration::from_secs(5)).await?;
    Ok(())
}

/// Prints each problem once when it begins and once when it ends.
async fn print_problems(mut changes: ProblemChanges) {
    while let Some(change) = changes.next().await {
        let problem = change.problem;
        let (job, kind) = (problem.job_name, problem.kind);
        if change.is_resolved {
            println!("{job} is no longer {kind}");
        } else {
            println!("{job} is {kind}: {}", problem.message);
        }
    }
}

/// Prints the id of each run once it is written.
async fn tick(jobs: Jobs) {
    let mut times = interval(Duration::from_millis(20));
    for n in 0_u64.. {
        times.tick().await;
        let ticked = jobs.monitor_with(TICK, |run| async move {
            run.set("n", n);
            sleep(Duration::from_millis(5)).await;
            Ok::<_, io::Error>(run.id())
        });
        if let Ok(id) = ticked.await {
            jobs.flush().await;
            println!("written {id}");
        }
    }
}

/// Takes longer than its `max_runtime`.
async fn export(jobs: Jobs) {
    let mut times = interval(Duration::from_secs(20));
    loop {
        times.tick().await;
        let exported = jobs.monitor(EXPORT, async {
            sleep(Duration::from_secs(5)).await;
            Ok::<_, io::Error>(())
        });
        let exported = exported.await;
        debug_assert!(exported.is_ok());
    }
}

/// Takes longer than a lease, which is renewed meanwhile.
async fn import(jobs: Jobs) {
    let mut times = interval(Duration::from_secs(10));
    loop {
        times.tick().await;
        let imported = jobs.monitor(IMPORT, async {
            sleep(Duration::from_secs(3)).await;
            Err::<(), _>(io::Error::other("the shop's server sent no orders"))
        });
        if let Err(error) = imported.await {
            println!("import: {error}");
        }
    }
}
