//! Several processes on one PostgreSQL: they start at once, are killed in mid-run, and have clocks of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, query_as, query_scalar, raw_sql};
use tokio::time::{Instant, sleep};
use tower_vitals::health::checks::drivers::sqlx;

/// PostgreSQL has connections for one test at a time.
static SERVER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Fails by what it was that did not happen.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < deadline, "a minute, and still not: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A database of the test's own, and how to look into it.
struct Database {
    url: String,
    connection: PgConnection,
}

impl Database {
    async fn new(name: &str) -> Self {
        let server = crate::support::env("VITALS_POSTGRES");
        let mut connection = PgConnection::connect(&server).await.unwrap();
        for sql in [
            "DROP DATABASE IF EXISTS vitals_@ WITH (FORCE)",
            "CREATE DATABASE vitals_@",
        ] {
            let sql = raw_sql(AssertSqlSafe(sql.replace('@', name)));
            sql.execute(&mut connection).await.unwrap();
        }
        let (server, _) = server.rsplit_once('/').unwrap();
        let url = format!("{server}/vitals_{name}");
        let connection = PgConnection::connect(&url).await.unwrap();
        Self { url, connection }
    }

    /// The ids of an instance's runs that are so.
    async fn runs(&mut self, instance: &str, job: &str, status: &str) -> BTreeSet<String> {
        let runs = query_scalar(
            "SELECT id::text FROM job_runs WHERE instance LIKE $1 AND job_name LIKE $2 AND status = $3",
        );
        let runs = runs.bind(instance).bind(job).bind(status);
        // As long as nobody has made the table there are none.
        let runs = runs.fetch_all(&mut self.connection).await;
        runs.unwrap_or_default().into_iter().collect()
    }

    /// By how many seconds each instance's clock is ahead of the database's, going by its latest run.
    async fn clocks(&mut self) -> BTreeMap<String, f64> {
        let clocks = query_as(
            "SELECT instance, EXTRACT(EPOCH FROM MAX(started_at) - clock_timestamp())::float8 FROM job_runs GROUP BY instance",
        );
        let clocks = clocks.fetch_all(&mut self.connection).await.unwrap();
        clocks.into_iter().collect()
    }

    /// Until the server has let go of whoever this was.
    async fn is_left_by(&mut self, instance: &str) {
        until("its connections are closed", async || {
            let open =
                query_scalar("SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = $1");
            let open: i64 = open
                .bind(instance)
                .fetch_one(&mut self.connection)
                .await
                .unwrap();
            open == 0
        })
        .await;
    }
}

/// The example `jobs` as a service that runs several times.
struct Instance {
    name: String,
    process: Child,
    stdout: Option<BufReader<ChildStdout>>,
    address: String,
    log: Arc<Mutex<String>>,
}

impl Instance {
    /// With a clock that is ahead by `+10m`, say. Only that of the calendar; the one that durations are measured by is the machine's.
    fn start(name: &str, database: &Database, clock: Option<&str>) -> Self {
        let mut command = Command::new(crate::support::example::path("jobs"));
        if let Some(clock) = clock {
            command
                .env("LD_PRELOAD", crate::support::env("VITALS_FAKETIME"))
                .env("FAKETIME", clock)
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let mut process = command
            .env(
                "DATABASE_URL",
                format!("{}?application_name={name}", database.url),
            )
            .env("HOSTNAME", name)
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::<Mutex<String>>::default();
        let (mut stderr, kept) = (process.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut some) {
                kept.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&some[..read]));
            }
        });
        Self {
            name: name.to_owned(),
            stdout: process.stdout.take().map(BufReader::new),
            process,
            address: String::new(),
            log,
        }
    }

    /// Until it listens.
    fn serves(mut self) -> Self {
        let mut lines = self.stdout.take().unwrap().lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.strip_prefix("listening on http://").unwrap();
        address.clone_into(&mut self.address);
        // What it goes on to print is read, lest it stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self
    }

    /// Of all jobs.
    async fn lost(&self) -> u64 {
        let (status, metrics) = crate::support::request(&self.address, "/metrics")
            .await
            .unwrap();
        assert_eq!(status, 200);
        let lost = metrics.lines().filter(|line| {
            line.starts_with("scheduler_jobs_total{") && line.contains("status=\"lost\"")
        });
        lost.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
            .sum()
    }

    /// What it warns of. That the import fails is what it does.
    fn warnings(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let warnings = log.lines().filter(|line| {
            (line.contains("WARN") || line.contains("ERROR"))
                && !line.contains("a job is not as expected")
        });
        warnings.map(str::to_owned).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.process.kill();
        let _ = self.process.wait();
        // What another clock leaves behind when its process is killed.
        for kind in ["faketime_shm", "sem.faketime_sem"] {
            let _ = std::fs::remove_file(format!("/dev/shm/{kind}_{}", self.process.id()));
        }
    }
}

/// Kills a process in mid-run, one after the other: of each the others find what it left, once.
async fn are_lost_once<'a>(
    survivors: &[Instance],
    victims: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    database: &mut Database,
) {
    let mut lost = BTreeSet::new();
    for (name, clock) in victims {
        let victim = Instance::start(name, database, clock).serves();
        until(
            "an import is under way, which takes three seconds",
            async || !database.runs(name, "import", "running").await.is_empty(),
        )
        .await;
        drop(victim);
        database.is_left_by(name).await;
        let left = database.runs(name, "%", "running").await;
        println!("{name} was killed within {} runs", left.len());
        assert!(!left.is_empty());
        lost.extend(left);
        until("its runs are over", async || {
            database.runs(name, "%", "running").await.is_empty()
        })
        .await;
        assert_eq!(database.runs("%", "%", "lost").await, lost);
        until("they are measured", async || {
            all_lost(survivors).await >= lost.len() as u64
        })
        .await;
        assert_eq!(all_lost(survivors).await, lost.len() as u64, "each once");
    }
    // Nor is any found again, while they go on.
    for survivor in survivors {
        let ticks = database.runs(&survivor.name, "tick", "success").await.len();
        until("it ticks on", async || {
            database.runs(&survivor.name, "tick", "success").await.len() > ticks + 100
        })
        .await;
    }
    assert_eq!(database.runs("%", "%", "lost").await, lost);
    assert_eq!(all_lost(survivors).await, lost.len() as u64, "each once");
    let warnings: Vec<_> = survivors.iter().flat_map(Instance::warnings).collect();
    let of_lost = warnings
        .iter()
        .filter(|line| line.contains("a run is lost"));
    assert_eq!(of_lost.count(), lost.len(), "{warnings:#?}");
    assert_eq!(warnings.len(), lost.len(), "{warnings:#?}");
}

async fn all_lost(instances: &[Instance]) -> u64 {
    let mut lost = 0;
    for instance in instances {
        lost += instance.lost().await;
    }
    lost
}

/// Starts them at once on a database that has no tables, until each has run what it has to.
async fn started<const N: usize>(
    instances: [(&str, Option<&str>); N],
    database: &mut Database,
) -> Vec<Instance> {
    let started = instances.map(|(name, clock)| Instance::start(name, database, clock));
    let started: Vec<_> = started.into_iter().map(Instance::serves).collect();
    for instance in &started {
        until("it keeps its runs", async || {
            !database
                .runs(&instance.name, "tick", "success")
                .await
                .is_empty()
        })
        .await;
        assert_eq!(instance.lost().await, 0, "it serves");
        assert_eq!(instance.warnings(), [""; 0]);
    }
    started
}

/// Issue D, "Must show" 4.
#[tokio::test]
#[ignore = "needs PostgreSQL and the built example jobs: tests/run"]
async fn processes_that_start_at_once_make_the_tables_once() {
    let _alone = SERVER.lock().await;
    for _ in 0..5 {
        let mut database = Database::new("race").await;
        let instances = [("a", None), ("b", None), ("c", None), ("d", None)];
        let instances = started(instances, &mut database).await;
        // No failed run but those that fail.
        assert!(database.runs("%", "tick", "failed").await.is_empty());
        drop(instances);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL and the built example jobs: tests/run"]
async fn a_run_whose_process_is_killed_is_lost_once() {
    let _alone = SERVER.lock().await;
    let mut database = Database::new("killed").await;
    let survivors = started([("shop-1", None), ("shop-2", None)], &mut database).await;
    let victims = [("shop-3", None), ("shop-4", None), ("shop-5", None)];
    are_lost_once(&survivors, victims, &mut database).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL, libfaketime and the built example jobs: tests/run"]
async fn clocks_ten_minutes_apart_change_nothing() {
    let _alone = SERVER.lock().await;
    let mut database = Database::new("clocks").await;
    let (ahead, behind) = (Some("+10m"), Some("-10m"));
    let instances = [("right", None), ("ahead", ahead), ("behind", behind)];
    let instances = started(instances, &mut database).await;
    let clocks = database.clocks().await;
    println!("seconds ahead of the database: {clocks:?}");
    for (name, expected) in [("right", 0.0), ("ahead", 600.0), ("behind", -600.0)] {
        assert!((clocks[name] - expected).abs() < 60.0, "{name}: {clocks:?}");
    }
    // Ten seconds are five leases, and an import takes longer than one.
    for instance in &instances {
        until("two imports have ended as they do", async || {
            database
                .runs(&instance.name, "import", "failed")
                .await
                .len()
                >= 2
        })
        .await;
    }
    for instance in &instances {
        assert_eq!(instance.warnings(), [""; 0]);
    }
    assert!(database.runs("%", "%", "lost").await.is_empty());
    assert_eq!(all_lost(&instances).await, 0);
    let victims = [("late", behind), ("early", ahead), ("punctual", None)];
    are_lost_once(&instances, victims, &mut database).await;
}
