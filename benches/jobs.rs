//! The cost of monitoring a job, the throughput of the history, and the latency of its queries: `cargo bench --bench jobs --all-features`.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its table"
)]

use std::convert::Infallible;
use std::future::ready;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use tokio::runtime::Builder;
use tokio::time::MissedTickBehavior;
use tower::ServiceExt;
use tower_vitals::health::checks::drivers::sqlx::{self, Connection, PgConnection};
use tower_vitals::jobs::store::RunStore;
use tower_vitals::jobs::{
    History, Job, Jobs, MemoryHistory, PostgresHistory, Retention, RunQuery, RunRecord, RunStatus,
    SqliteHistory, Uuid,
};
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

const JOB: Job = Job::named("bench");

struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("vitals-bench-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}

async fn done() -> Result<(), Infallible> {
    ready(Ok(())).await
}

/// Nanoseconds per run, including the queue.
async fn monitor(jobs: &Jobs) -> f64 {
    const RUNS: u32 = 4_000;
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        jobs.flush().await;
        let began = Instant::now();
        for _ in 0..RUNS {
            let _ = jobs.monitor(JOB, done()).await;
        }
        best = best.min(began.elapsed().as_secs_f64() * 1e9 / f64::from(RUNS));
    }
    best
}

/// Runs jobs at a rate for ten seconds. Prints how many runs were written, and when.
async fn at_rate(runs_per_second: u64) {
    let file = File::new("rate");
    let prometheus = Prometheus::builder().build().unwrap();
    let jobs = Jobs::builder()
        .history(SqliteHistory::open(&file.0))
        .recorder(prometheus.clone())
        .run()
        .unwrap();
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut started = 0;
    while began.elapsed() < Duration::from_secs(10) {
        ticks.tick().await;
        for _ in 0..runs_per_second / 100 {
            let _ = jobs.monitor(JOB, done()).await;
            started += 1;
        }
    }
    let ran = began.elapsed();
    jobs.flush().await;
    let written = jobs
        .stats("bench")
        .await
        .unwrap()
        .unwrap()
        .count(RunStatus::Success);
    let snapshot = prometheus.snapshot();
    let dropped = snapshot
        .sum("monitoring_job_events_dropped_total", &[])
        .unwrap_or(0.0);
    println!(
        "{runs_per_second:>8} runs/s: {started} in {:.1} s, {written} written after {:.1} s, {dropped} events dropped",
        ran.as_secs_f64(),
        began.elapsed().as_secs_f64()
    );
}

fn rows(count: u64, jobs: u64) -> impl Iterator<Item = RunRecord> {
    let now = SystemTime::now();
    (0..count).map(move |n| {
        let age = Duration::from_millis((count - n) * 10);
        let mut run = RunRecord::new(
            Uuid::now_v7(),
            format!("job{}", n % jobs),
            now - age,
            "bench",
        );
        run.status = if n % 50 == 0 {
            RunStatus::Failed
        } else {
            RunStatus::Success
        };
        run.duration = Some(Duration::from_micros(n % 5_000));
        run.finished_at = Some(run.started_at);
        run.error_message = (n % 50 == 0).then(|| "the disk is full".to_owned());
        run
    })
}

/// Rows per second of the history alone.
async fn raw() -> f64 {
    let file = File::new("raw");
    let history = SqliteHistory::open(&file.0);
    history.prepare().await.unwrap();
    let all: Vec<_> = rows(100_000, 1).collect();
    let began = Instant::now();
    for batch in all.chunks(1000) {
        history.write(batch, Duration::from_mins(1)).await.unwrap();
    }
    all.len() as f64 / began.elapsed().as_secs_f64()
}

async fn get(app: &Router, path: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..15 {
        let began = Instant::now();
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.into_body().collect().await.unwrap();
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Updates the statistics of a table that was just filled, which autovacuum does within a minute.
async fn analyze(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let analyzed = sqlx::raw_sql("ANALYZE job_runs");
    analyzed.execute(&mut connection).await.unwrap();
}

async fn fill(history: &impl History) {
    history.prepare().await.unwrap();
    let mut batch = Vec::new();
    for run in rows(1_000_000, 10) {
        batch.push(run);
        if batch.len() == 10_000 {
            history.write(&batch, Duration::from_mins(1)).await.unwrap();
            batch.clear();
        }
    }
}

async fn with_a_million_rows(name: &str, history: impl History) {
    // Keeps all runs.
    let retention = Retention::new().count(usize::MAX);
    let jobs = Jobs::builder()
        .history(history)
        .retention(retention)
        .run()
        .unwrap();
    jobs.flush().await;
    let page = jobs.runs(&RunQuery::new().limit(1000)).await.unwrap();
    let routes = Routes::new().jobs(jobs).guard(Guard::open());
    let app = Router::from(routes).with_state(());
    println!("1,000,000 rows of 10 jobs on {name}, ms (target < 50)");
    let since = "/jobs/status?status=failed&since=2000-01-01T00:00:00Z&limit=1000";
    for path in [
        "/jobs",
        "/jobs/stats/job3",
        "/jobs/status",
        "/jobs/status?limit=1000",
        "/jobs/status?job_name=job3",
        "/jobs/status?status=failed",
        "/jobs/status?status=lost",
        "/jobs/status?job_name=job3&status=lost",
        since,
    ] {
        println!("{:>10.2}  GET {path}", get(&app, path).await);
    }
    assert_eq!(page.len(), 1000);
}

fn main() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let prometheus = Prometheus::builder().build().unwrap();
        let alone = {
            let began = Instant::now();
            for _ in 0..100_000 {
                let _ = done().await;
            }
            began.elapsed().as_secs_f64() * 1e9 / 1e5
        };
        let memory = Jobs::builder()
            .history(MemoryHistory::new())
            .recorder(prometheus.clone())
            .run()
            .unwrap();
        let file = File::new("monitor");
        let sqlite = Jobs::builder()
            .history(SqliteHistory::open(&file.0))
            .recorder(prometheus)
            .run()
            .unwrap();
        println!("ns per run (target: at most 5000 more than the future alone)");
        println!("{alone:>10.0}  the future alone");
        println!(
            "{:>10.0}  monitor, history in memory",
            monitor(&memory).await
        );
        println!(
            "{:>10.0}  monitor, history in SQLite",
            monitor(&sqlite).await
        );
        println!(
            "SQLite history alone, in batches of 1000: {:.0} rows per second",
            raw().await
        );
        for rate in [10_000, 20_000, 50_000] {
            at_rate(rate).await;
        }
        let file = File::new("million");
        let history = SqliteHistory::open(&file.0);
        fill(&history).await;
        with_a_million_rows("SQLite", history).await;
        match std::env::var("DATABASE_URL") {
            Ok(url) => {
                let history = PostgresHistory::url(&url).unwrap();
                fill(&history).await;
                analyze(&url).await;
                with_a_million_rows("PostgreSQL", history).await;
            }
            Err(_) => println!("PostgreSQL: set DATABASE_URL to an empty database"),
        }
    });
}
