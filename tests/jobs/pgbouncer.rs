//! The history behind PgBouncer: the same as on a direct connection, in transaction mode and in session mode.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, query_scalar, raw_sql};
use tokio::time::timeout;
use tower_vitals::health::checks::drivers::sqlx;
use tower_vitals::jobs::store::{JobState, ProblemStore, RunStore};
use tower_vitals::jobs::{
    Job, JobStats, Jobs, PostgresHistory, Problem, ProblemKind, RunQuery, RunRecord, RunStatus,
};

use crate::conformance;
use crate::conformance::violation::with_sources;
use crate::support::log::Log;
use crate::support::{env, until};

const DIRECT: &str = "VITALS_POSTGRES";
const TRANSACTION_MODE: &str = "VITALS_PGBOUNCER";
const SESSION_MODE: &str = "VITALS_PGBOUNCER_SESSION";

const SYNC: Job = Job::named("sync");
const IMPORT: Job = Job::named("import").failing_after(2);

/// A database of the test's own.
struct Database(String);

impl Database {
    async fn new(name: &str) -> Self {
        let name = format!("vitals_{name}");
        let mut connection = PgConnection::connect(&env(DIRECT)).await.unwrap();
        for sql in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            let sql = raw_sql(AssertSqlSafe(sql));
            sql.execute(&mut connection).await.unwrap();
        }
        Self(name)
    }

    /// Its URL through this server.
    fn through(&self, server: &str) -> String {
        let url = env(server);
        let (server, _) = url.rsplit_once('/').unwrap();
        format!("{server}/{}", self.0)
    }

    fn history(&self, server: &str) -> PostgresHistory {
        PostgresHistory::url(&self.through(server)).unwrap()
    }
}

/// The options of a pool that PgBouncer accepts by default.
fn options(url: &str) -> PgConnectOptions {
    url.parse::<PgConnectOptions>()
        .unwrap()
        .extra_float_digits(None)
}

/// Everything that a history answers, without the current time.
#[derive(Debug, PartialEq)]
struct Answers {
    runs: Vec<RunRecord>,
    last_runs: Vec<RunRecord>,
    stats: Vec<Option<JobStats>>,
    states: Vec<JobState>,
    problems: Vec<Problem>,
}

impl Answers {
    async fn of(history: &PostgresHistory) -> Self {
        Self {
            runs: history.runs(&RunQuery::new()).await.unwrap(),
            last_runs: history.last_runs().await.unwrap(),
            stats: vec![
                history.stats(SYNC.name()).await.unwrap(),
                history.stats(IMPORT.name()).await.unwrap(),
            ],
            states: history.job_states().await.unwrap().jobs,
            problems: history.problems().await.unwrap(),
        }
    }
}

/// Twelve successes and eight failures, each written before the next one begins.
async fn run_twenty(jobs: &Jobs) {
    for n in 0..20 {
        if n % 5 < 3 {
            jobs.start_with(SYNC, serde_json::json!({ "n": n }))
                .finish();
        } else {
            let failed = jobs.monitor(IMPORT, async { Err::<(), _>("it's \"down\"") });
            failed.await.unwrap_err();
        }
        jobs.flush().await;
    }
}

async fn two_instances_keep_all_runs(database: &Database, history: impl Fn() -> PostgresHistory) {
    let (log, _logged) = Log::of_this_thread();
    let instance = |name: &str| {
        let jobs = Jobs::builder().job(SYNC).job(IMPORT).instance(name);
        // A short lease makes evaluations frequent.
        let jobs = jobs.history(history()).lease(Duration::from_secs(1));
        jobs.run().unwrap()
    };
    let (one, other) = (instance("shop-1"), instance("shop-2"));
    let run = async { tokio::join!(run_twenty(&one), run_twenty(&other)) };
    let run = timeout(Duration::from_secs(20), run).await;
    assert!(run.is_ok(), "the runs are not written: {}", log.text());

    let mut direct = PgConnection::connect(&database.through(DIRECT))
        .await
        .unwrap();
    let rows: Vec<String> = query_scalar(
        "SELECT concat_ws(' ', instance, job_name, status, COUNT(*)) FROM job_runs \
         GROUP BY instance, job_name, status ORDER BY 1",
    )
    .fetch_all(&mut direct)
    .await
    .unwrap();
    let expected = [
        "shop-1 import failed 8",
        "shop-1 sync success 12",
        "shop-2 import failed 8",
        "shop-2 sync success 12",
    ];
    assert_eq!(rows, expected, "{}", log.text());

    let history = history();
    let directly = database.history(DIRECT);
    until("the failing job is reported", async || {
        !directly.problems().await.unwrap().is_empty()
    })
    .await;
    let answers = Answers::of(&history).await;
    assert_eq!(answers, Answers::of(&directly).await);
    assert_eq!((answers.runs.len(), answers.last_runs.len()), (40, 2));
    let stats: Vec<_> = answers.stats.into_iter().flatten().collect();
    assert_eq!(stats[0].count(RunStatus::Success), 24);
    assert_eq!(stats[1].count(RunStatus::Failed), 16);
    assert_eq!(stats[1].last_error.as_deref(), Some("it's \"down\""));
    assert_eq!(answers.states[0].failures_in_a_row, 16);
    assert_eq!(answers.problems[0].kind, ProblemKind::Failing);

    one.start(IMPORT).finish();
    one.flush().await;
    until("the problem is resolved", async || {
        history.problems().await.unwrap().is_empty()
    })
    .await;
    assert_eq!(log.count("the job history cannot"), 0, "{}", log.text());
    assert_eq!(log.count("a job has a problem"), 1, "{}", log.text());
    for jobs in [one, other] {
        jobs.shutdown(Duration::from_secs(5)).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn two_instances_on_a_direct_connection_keep_all_runs() {
    let database = Database::new("direct").await;
    let history = || database.history(DIRECT);
    two_instances_keep_all_runs(&database, history).await;
}

#[tokio::test]
#[ignore = "needs PgBouncer: tests/run"]
async fn two_instances_behind_pgbouncer_in_session_mode_keep_all_runs() {
    let database = Database::new("session").await;
    let history = || database.history(SESSION_MODE);
    two_instances_keep_all_runs(&database, history).await;
}

#[tokio::test]
#[ignore = "needs PgBouncer: tests/run"]
async fn two_instances_behind_pgbouncer_in_transaction_mode_keep_all_runs() {
    let database = Database::new("transaction").await;
    let history = || database.history(TRANSACTION_MODE);
    two_instances_keep_all_runs(&database, history).await;
    assert_eq!(
        prepared_statements(&database.through(TRANSACTION_MODE)).await,
        [0; 5]
    );
}

/// The application uses the pools, too.
#[tokio::test]
#[ignore = "needs PgBouncer: tests/run"]
async fn two_pools_of_applications_behind_pgbouncer_keep_all_runs() {
    let database = Database::new("pools").await;
    let url = database.through(TRANSACTION_MODE);
    let history = || {
        let pool = PgPoolOptions::new().max_connections(3);
        let pool = pool.connect_lazy_with(options(&url));
        let application = pool.clone();
        tokio::spawn(async move {
            for n in 0..200_i64 {
                let mut transaction = application.begin().await.unwrap();
                let echo = query_scalar::<_, i64>("SELECT $1")
                    .bind(n)
                    .persistent(false);
                assert_eq!(echo.fetch_one(&mut *transaction).await.unwrap(), n);
                transaction.commit().await.unwrap();
            }
        });
        PostgresHistory::pool(pool)
    };
    two_instances_keep_all_runs(&database, history).await;
    assert_eq!(prepared_statements(&url).await, [0; 5]);
}

/// The number of named statements on each of PgBouncer's five connections to the server.
async fn prepared_statements(url: &str) -> Vec<i64> {
    let mut connections = Vec::new();
    for _ in 0..5 {
        let mut connection = PgConnection::connect_with(&options(url)).await.unwrap();
        // Keeps the server's connection.
        raw_sql("BEGIN").execute(&mut connection).await.unwrap();
        connections.push(connection);
    }
    let mut counts = Vec::new();
    for connection in &mut connections {
        let count = query_scalar("SELECT COUNT(*) FROM pg_prepared_statements WHERE name <> ''");
        counts.push(count.persistent(false).fetch_one(connection).await.unwrap());
    }
    counts
}

async fn conforms_behind(server: &'static str, name: &'static str) {
    let promises = AtomicUsize::new(0);
    let new_store = async || {
        let promise = promises.fetch_add(1, Ordering::SeqCst);
        let database = Database::new(&format!("{name}_{promise}")).await;
        database.history(server)
    };
    conformance::check(new_store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer: tests/run"]
async fn the_history_behind_pgbouncer_in_transaction_mode_conforms() {
    conforms_behind(TRANSACTION_MODE, "conforms_transaction").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer: tests/run"]
async fn the_history_behind_pgbouncer_in_session_mode_conforms() {
    conforms_behind(SESSION_MODE, "conforms_session").await;
}

/// Eight instances create the tables at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer: tests/run"]
async fn concurrent_migrations_behind_pgbouncer_succeed() {
    let database = Database::new("migrations").await;
    for _ in 0..2 {
        let starts = (0..8).map(|_| {
            let history = database.history(TRANSACTION_MODE);
            tokio::spawn(async move { history.prepare().await.map_err(with_sources) })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
    }
    assert_eq!(
        prepared_statements(&database.through(TRANSACTION_MODE)).await,
        [0; 5]
    );
}

#[tokio::test]
#[ignore = "needs PgBouncer: tests/run"]
async fn a_startup_parameter_that_pgbouncer_refuses_is_named_with_advice() {
    let url = env(TRANSACTION_MODE);
    // sqlx adds it to the options of each pool.
    let pool = PgPoolOptions::new().connect_lazy(&url).unwrap();
    let pool = (PostgresHistory::pool(pool), "extra_float_digits");
    let schema = format!("{url}?options=-c%20search_path%3Dshop");
    let schema = (PostgresHistory::url(&schema).unwrap(), "options");
    for (history, parameter) in [pool, schema] {
        let error = history.prepare().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the history of jobs in PostgreSQL (PgBouncer refuses a startup parameter: remove it from the connection's \
             options, or add it to PgBouncer's `ignore_startup_parameters`)"
        );
        let cause = format!("unsupported startup parameter: {parameter}");
        let error = with_sources(error);
        assert!(error.ends_with(&cause), "{error}");
    }
}
