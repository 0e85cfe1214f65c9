//! The stores of job histories: each keeps the promises of the conformance suite, and handles its own failures.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::slice;
use std::time::{Duration, SystemTime};

use crate::conformance;
use crate::conformance::fixtures::{LEASE, at, ended, ids, reap, running, write};
use crate::conformance::violation::with_sources;
use crate::from_last_end::a_run_holds_the_next_expectation_back;
use crate::series::gauges_of_durable_state_are_filled_after_a_restart;
use crate::support::disk::Disk;
use tower_vitals::Prometheus;
use tower_vitals::health::checks::drivers::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
};
use tower_vitals::health::checks::drivers::sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, raw_sql,
};
use tower_vitals::jobs::store::RunStore;
use tower_vitals::jobs::{
    History, Job, Jobs, MemoryHistory, PostgresHistory, RunQuery, RunStatus, SqliteHistory,
};

/// A SQLite file that is removed with the test.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("vitals-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn history(&self) -> SqliteHistory {
        SqliteHistory::open(&self.0)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let path = format!("{}{suffix}", self.0.display());
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The test's own PostgreSQL schema.
pub(crate) struct Schema(pub(crate) String);

impl Schema {
    pub(crate) async fn new(name: &str) -> Self {
        let name = format!("vitals_{name}");
        let url =
            std::env::var("VITALS_POSTGRES").expect("tests/servers up prints VITALS_POSTGRES");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
        Self(format!("{url}?options=-c%20search_path%3D{name}"))
    }

    fn history(&self) -> PostgresHistory {
        PostgresHistory::url(&self.0).unwrap()
    }
}

/// Tests each promise on each store.
macro_rules! conformance {
    ($($promise:ident,)*) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $promise() {
                conformance::$promise(MemoryHistory::new()).await.unwrap();
            })*
        }

        mod postgres {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs PostgreSQL: tests/run"]
            async fn $promise() {
                let history = Schema::new(stringify!($promise)).await.history();
                history.prepare().await.unwrap();
                conformance::$promise(history).await.unwrap();
            })*
        }

        mod sqlite {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                let file = File::new(stringify!($promise));
                let history = file.history();
                history.prepare().await.unwrap();
                conformance::$promise(history).await.unwrap();
            })*
        }
    };
}

conformance! {
    runs_are_read_as_they_were_written,
    ended_runs_never_change,
    queries_return_matching_runs,
    pages_are_complete_while_runs_arrive,
    stats_cover_all_runs,
    expired_leases_are_reported_once,
    renewed_leases_do_not_expire,
    retention_removes_the_oldest_first,
    concurrent_writers_lose_nothing,
    job_states_follow_runs,
    starts_without_a_run_are_registered,
    problems_are_reported_and_resolved_once,
    sql_in_texts_is_not_executed,
    any_text_and_number_is_stored,
}

#[tokio::test(flavor = "multi_thread")]
async fn gauges_of_a_file_are_filled_after_a_restart() {
    let file = File::new("gauges");
    gauges_of_durable_state_are_filled_after_a_restart(file.history()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn gauges_of_postgres_are_filled_after_a_restart() {
    let schema = Schema::new("gauges").await;
    gauges_of_durable_state_are_filled_after_a_restart(schema.history()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_a_file_holds_the_next_expectation_back() {
    let file = File::new("hold");
    a_run_holds_the_next_expectation_back(file.history()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn a_run_in_postgres_holds_the_next_expectation_back() {
    let schema = Schema::new("hold").await;
    a_run_holds_the_next_expectation_back(schema.history()).await;
}

/// Rows with a status of a newer version end no page: pages of two cover all seven runs that can be read.
async fn unknown_statuses_are_skipped_and_counted(
    history: impl History,
    change: impl AsyncFnOnce(&'static str),
) {
    history.prepare().await.unwrap();
    let run = |n| ended("a", n, RunStatus::Success, Duration::ZERO);
    let runs: Vec<_> = (0..12).map(run).collect();
    write(&history, &runs).await.unwrap();
    // The first page is unreadable, and the last rows.
    change("UPDATE job_runs SET status = 'paused' WHERE id IN (SELECT id FROM job_runs \
        ORDER BY started_at DESC LIMIT 4) OR id IN (SELECT id FROM job_runs ORDER BY started_at LIMIT 1)")
    .await;
    let (mut pages, mut found) = (Vec::new(), Vec::new());
    let mut query = RunQuery::new().limit(2);
    loop {
        let page = history.runs(&query).await.unwrap();
        pages.push(page.len());
        found.extend(page.iter().map(|run| run.id));
        if page.len() < 2 {
            break;
        }
        query = query.after(page.last().unwrap());
    }
    let readable: Vec<_> = runs[1..8].iter().rev().map(|run| run.id).collect();
    assert_eq!((pages, found), (vec![2, 2, 2, 1], readable));
    assert_eq!(history.unreadable_rows(), 5);
    let last = history.last_runs().await.unwrap();
    assert_eq!((last.len(), last[0].id), (1, runs[7].id));
    let stats = history.stats("a").await.unwrap().unwrap();
    assert_eq!(stats.last_run, Some(runs[7].started_at));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_statuses_in_a_file_are_skipped_and_counted() {
    let file = File::new("statuses");
    let options = SqliteConnectOptions::new().filename(&file.0);
    unknown_statuses_are_skipped_and_counted(file.history(), async |sql| {
        let mut connection = options.connect().await.unwrap();
        raw_sql(sql).execute(&mut connection).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn unknown_statuses_in_postgres_are_skipped_and_counted() {
    let schema = Schema::new("statuses").await;
    unknown_statuses_are_skipped_and_counted(schema.history(), async |sql| {
        let mut connection = PgConnection::connect(&schema.0).await.unwrap();
        raw_sql(sql).execute(&mut connection).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_store_that_breaks_a_promise_does_not_conform() {
    let broken = conformance::check(async || MemoryHistory::new().max_runs(3)).await;
    let message = broken.unwrap_err().to_string();
    let promise =
        "the store breaks a promise: a run is found by its id: found [], expected [RunRecord";
    assert!(message.starts_with(promise), "{message}");
}

#[tokio::test]
async fn memory_is_bounded_and_removes_ended_runs_first() {
    let history = MemoryHistory::new().max_runs(3);
    let under_way = running("a", 0);
    write(&history, slice::from_ref(&under_way)).await.unwrap();
    for n in 1..=10 {
        let run = ended("a", n, RunStatus::Success, Duration::ZERO);
        write(&history, &[run]).await.unwrap();
    }
    let left = history.runs(&RunQuery::new()).await.unwrap();
    let starts: Vec<_> = left.iter().map(|run| run.started_at).collect();
    assert_eq!(starts, [at(10), at(9), at(0)]);
    assert_eq!(history.stats("a").await.unwrap().unwrap().total_runs(), 11);
}

/// Several instances start at once on one file, and one comes later.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_migrations_succeed() {
    let file = File::new("race");
    let starts = (0..8).map(|_| {
        let history = file.history();
        tokio::spawn(async move { history.prepare().await.map_err(with_sources) })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
    let history = file.history();
    history.prepare().await.unwrap();
    let run = running("a", 0);
    write(&history, slice::from_ref(&run)).await.unwrap();
    let other = file.history();
    assert_eq!(other.runs(&RunQuery::new()).await.unwrap(), [run]);
}

/// More jobs than one statement selects, with two runs each.
async fn last_runs_of_many_jobs_are_found(history: impl History) {
    history.prepare().await.unwrap();
    let run = |start: u64| move |n: u64| running(&format!("job {n:03}"), start + n);
    write(&history, &(0..250).map(run(0)).collect::<Vec<_>>())
        .await
        .unwrap();
    let later: Vec<_> = (0..250).map(run(1000)).collect();
    write(&history, &later).await.unwrap();
    assert_eq!(history.last_runs().await.unwrap(), later);
}

#[tokio::test]
async fn last_runs_of_many_jobs_are_found_in_sqlite() {
    let file = File::new("many");
    last_runs_of_many_jobs_are_found(file.history()).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn last_runs_of_many_jobs_are_found_in_postgres() {
    let schema = Schema::new("many").await;
    last_runs_of_many_jobs_are_found(schema.history()).await;
}

/// Several instances start at once, with clocks that differ. The database's clock decides.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn instances_of_one_postgres_agree() {
    let schema = Schema::new("agree").await;
    let starts = (0..8).map(|_| {
        let history = schema.history();
        tokio::spawn(async move { history.prepare().await.map_err(with_sources) })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
    let (one, other) = (schema.history(), schema.history());
    // One instance's clock is ten minutes ahead, the other's ten minutes behind.
    let (mut ahead, mut behind) = (running("a", 0), running("a", 0));
    ahead.started_at = SystemTime::now() + Duration::from_mins(10);
    behind.started_at = SystemTime::now() - Duration::from_mins(10);
    write(&one, &[ahead, behind]).await.unwrap();
    assert_eq!(reap(&other).await.unwrap(), [], "both leases are valid");
    let gone: Vec<_> = (0..200).map(|n| running("b", n)).collect();
    one.write(&gone, Duration::ZERO).await.unwrap();
    let (mine, theirs) = tokio::join!(reap(&one), reap(&other));
    let mut lost: Vec<_> = [mine.unwrap(), theirs.unwrap()].concat();
    while lost.len() < gone.len() {
        // Each instance skips the runs that the other has locked.
        lost.extend(reap(&one).await.unwrap());
    }
    let found: BTreeSet<_> = lost.iter().map(|run| run.id).collect();
    assert_eq!((lost.len(), found.len()), (200, 200), "each once");
    let all = other.stats("b").await.unwrap().unwrap();
    assert_eq!(all.count(RunStatus::Lost), 200);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn an_unreachable_postgres_is_an_error_without_its_password() {
    let history = PostgresHistory::url("postgres://shop:planted@127.0.0.1:1/shop").unwrap();
    let error = with_sources(history.prepare().await.unwrap_err());
    assert!(
        error.starts_with("the history of jobs in PostgreSQL: "),
        "{error}"
    );
    assert!(
        !error.contains("planted") && !format!("{history:?}").contains("planted"),
        "{error}"
    );
    let error = PostgresHistory::url("postgres://shop:planted@[/shop")
        .unwrap_err()
        .to_string();
    assert!(!error.contains("planted"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_an_error() {
    let file = File::new("none");
    std::fs::write(&file.0, "this is not a database. ".repeat(100)).unwrap();
    let error = with_sources(file.history().prepare().await.unwrap_err());
    assert!(
        error.starts_with("the history of jobs in SQLite: "),
        "{error}"
    );
    assert!(error.contains("not a database"), "{error}");
}

/// SQLite ends a transaction by itself when the disk is full, and the pool does not notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_after_sqlite_ended_a_transaction_by_itself() {
    let file = File::new("rollback");
    let options = SqliteConnectOptions::new()
        .filename(&file.0)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    let history = SqliteHistory::pool(pool.clone());
    history.prepare().await.unwrap();
    let execute = async |sql: &'static str| raw_sql(sql).execute(&pool).await.unwrap();
    execute(
        "CREATE TRIGGER full BEFORE INSERT ON job_runs BEGIN SELECT RAISE(ROLLBACK, 'full'); END",
    )
    .await;
    let run = running("a", 0);
    for _ in 0..2 {
        let error = with_sources(
            history
                .write(slice::from_ref(&run), LEASE)
                .await
                .unwrap_err(),
        );
        assert!(error.ends_with("full"), "{error}");
    }
    execute("DROP TRIGGER full").await;
    write(&history, slice::from_ref(&run)).await.unwrap();
    assert_eq!(ids(&history, &RunQuery::new()).await.unwrap(), [run.id]);
}

/// A run that the store refuses is dropped and counted. It does not hold up the runs behind it.
async fn refused_runs_are_dropped_and_counted(history: impl History + Clone) {
    const BAD: Job = Job::named("bad");
    const GOOD: Job = Job::named("good");
    // The store refuses even its name.
    const WORSE: Job = Job::named("worse");
    let prometheus = Prometheus::builder().build().unwrap();
    let reader = history.clone();
    let jobs = Jobs::builder().job(BAD).job(GOOD).job(WORSE);
    let jobs = jobs.history(history);
    // A short lease makes evaluations frequent.
    let jobs = jobs.lease(Duration::from_secs(1));
    let jobs = jobs.recorder(prometheus.clone()).run().unwrap();
    for n in 0..20 {
        jobs.start(if n % 4 == 0 { BAD } else { GOOD }).finish();
    }
    jobs.start(WORSE).finish();
    jobs.flush().await;
    let runs = jobs.runs(&RunQuery::new()).await.unwrap();
    assert_eq!(runs.len(), 15);
    assert!(runs.iter().all(|run| run.status == RunStatus::Success));
    let dropped = |job| {
        let labels = [("job_name", job)];
        let name = "monitoring_job_events_dropped_total";
        prometheus.snapshot().sum(name, &labels).unwrap_or(0.0)
    };
    // The start is registered without a run.
    let job_states = async || reader.job_states().await.unwrap().jobs;
    crate::support::until("its last start is known", async || {
        let known = job_states().await;
        known[0].job_name == "bad" && known[0].last_start.is_some()
    })
    .await;
    // A start and an end each, unless they were merged in the queue.
    assert!((5.0..=10.0).contains(&dropped("bad")), "{}", dropped("bad"));
    assert_eq!(dropped("good"), 0.0);
    // A run is first written without its message and metadata.
    let odd = jobs.monitor(GOOD, async { Err::<(), _>("odd") });
    odd.await.unwrap_err();
    jobs.flush().await;
    let last = jobs.runs(&RunQuery::new()).await.unwrap().remove(0);
    assert_eq!((last.status, last.error_message), (RunStatus::Failed, None));
    assert_eq!(dropped("good"), 0.0);
    // The store accepts runs again.
    jobs.start(GOOD).finish();
    jobs.flush().await;
    assert_eq!(jobs.runs(&RunQuery::new()).await.unwrap().len(), 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_sqlite_refuses_are_dropped() {
    let file = File::new("refused");
    let options = SqliteConnectOptions::new().filename(&file.0);
    let pool = SqlitePoolOptions::new().connect_lazy_with(options.create_if_missing(true));
    let history = SqliteHistory::pool(pool.clone());
    history.prepare().await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON job_runs \
                  WHEN new.job_name IN ('bad', 'worse') OR new.error_message = 'odd' \
                  BEGIN SELECT RAISE(ABORT, 'bad'); END; \
                  CREATE TRIGGER refuse_job BEFORE INSERT ON job_states \
                  WHEN new.job_name = 'worse' BEGIN SELECT RAISE(ABORT, 'worse'); END";
    raw_sql(refuse).execute(&pool).await.unwrap();
    refused_runs_are_dropped_and_counted(history).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn runs_that_postgres_refuses_are_dropped() {
    let schema = Schema::new("refused").await;
    let history = schema.history();
    history.prepare().await.unwrap();
    let mut connection = PgConnection::connect(&schema.0).await.unwrap();
    let refuse = "ALTER TABLE job_runs ADD CHECK (job_name NOT IN ('bad', 'worse') AND error_message <> 'odd'); \
                  ALTER TABLE job_states ADD CHECK (job_name <> 'worse')";
    raw_sql(refuse).execute(&mut connection).await.unwrap();
    refused_runs_are_dropped_and_counted(history).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_file_fails_a_renewal_even_of_nothing() {
    let file = File::new("locked");
    let pool = || {
        let options = SqliteConnectOptions::new().filename(&file.0);
        let options = options.create_if_missing(true);
        SqlitePoolOptions::new().connect_lazy_with(options.busy_timeout(Duration::from_millis(10)))
    };
    let history = SqliteHistory::pool(pool());
    history.prepare().await.unwrap();
    let mut other = pool().acquire().await.unwrap();
    let locked = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let error = with_sources(history.renew(&[], LEASE).await.unwrap_err());
    assert!(error.contains("locked"), "{error}");
    locked.rollback().await.unwrap();
    let now = history.renew(&[], LEASE).await.unwrap();
    assert!(now.elapsed().unwrap() < LEASE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_a_renewal_even_of_nothing() {
    let Some(disk) = Disk::mount("renew") else {
        println!("this container cannot mount a disk");
        return;
    };
    let options = SqliteConnectOptions::new().filename(disk.path().join("jobs.db"));
    let options = options.create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect_lazy_with(options.journal_mode(SqliteJournalMode::Wal));
    let history = SqliteHistory::pool(pool.clone());
    history.prepare().await.unwrap();
    // The log must not have room left.
    let truncate = raw_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    truncate.execute(&pool).await.unwrap();
    disk.fill();
    let error = with_sources(history.renew(&[], LEASE).await.unwrap_err());
    assert!(error.contains("full"), "{error}");
    disk.free();
    history.renew(&[], LEASE).await.unwrap();
}
