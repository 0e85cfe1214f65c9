//! Several processes share one PostgreSQL: they start at the same time, are killed during runs, and have different clocks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, query_as, query_scalar, raw_sql};
use tokio::time::{Instant, sleep};
use tower_vitals::health::checks::drivers::sqlx;

/// PostgreSQL has enough connections for one test at a time.
static SERVER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Waits for a minute at most.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds().await {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A database of the test's own, with a connection to inspect it.
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

    /// The ids of the runs of an instance and a job with this status.
    async fn runs(&mut self, instance: &str, job: &str, status: &str) -> BTreeSet<String> {
        let runs = query_scalar(
            "SELECT id::text FROM job_runs WHERE instance LIKE $1 AND job_name LIKE $2 AND status = $3",
        );
        let runs = runs.bind(instance).bind(job).bind(status);
        // There are no runs before the table exists.
        let runs = runs.fetch_all(&mut self.connection).await;
        runs.unwrap_or_default().into_iter().collect()
    }

    /// The seconds that each instance's clock is ahead of the database's, by its latest run.
    async fn clocks(&mut self) -> BTreeMap<String, f64> {
        let clocks = query_as(
            "SELECT instance, EXTRACT(EPOCH FROM MAX(started_at) - clock_timestamp())::float8 FROM job_runs GROUP BY instance",
        );
        let clocks = clocks.fetch_all(&mut self.connection).await.unwrap();
        clocks.into_iter().collect()
    }

    /// Waits until the server has closed the connections of an instance.
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

/// A process of the example `jobs`.
struct Instance {
    name: String,
    process: Child,
    stdout: Option<BufReader<ChildStdout>>,
    address: String,
    log: Arc<Mutex<String>>,
}

impl Instance {
    /// `clock` is an offset of the system clock such as `+10m`. The monotonic clock stays right.
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
            .env("INSTANCE", name)
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::<Mutex<String>>::default();
        let (mut stderr, output) = (process.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                output
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&buffer[..read]));
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

    /// Waits until it listens.
    fn serves(mut self) -> Self {
        let mut lines = self.stdout.take().unwrap().lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.strip_prefix("listening on http://").unwrap();
        address.clone_into(&mut self.address);
        // Further output is read, because the process would block on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self
    }

    /// The lost runs of all jobs that it has counted.
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

    /// The warnings in its log. Problems are expected, because its import always fails.
    fn warnings(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let warnings = log.lines().filter(|line| {
            (line.contains("WARN") || line.contains("ERROR"))
                && !line.contains("a job has a problem")
                // Each reading of the metrics runs the check of the jobs.
                && !line.contains("health check is not healthy")
        });
        warnings.map(str::to_owned).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.process.kill();
        let _ = self.process.wait();
        // libfaketime leaves these files behind when its process is killed.
        for kind in ["faketime_shm", "sem.faketime_sem"] {
            let _ = std::fs::remove_file(format!("/dev/shm/{kind}_{}", self.process.id()));
        }
    }
}

/// Kills one process after another during a run. The survivors mark the runs of each lost once.
async fn are_lost_once<'a>(
    survivors: &[Instance],
    victims: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    database: &mut Database,
) {
    let mut lost = BTreeSet::new();
    for (name, clock) in victims {
        let victim = Instance::start(name, database, clock).serves();
        until(
            "an import is running, which takes three seconds",
            async || !database.runs(name, "import", "running").await.is_empty(),
        )
        .await;
        drop(victim);
        database.is_left_by(name).await;
        let left = database.runs(name, "%", "running").await;
        println!("{name} was killed during {} runs", left.len());
        assert!(!left.is_empty());
        lost.extend(left);
        until("its runs have ended", async || {
            database.runs(name, "%", "running").await.is_empty()
        })
        .await;
        assert_eq!(database.runs("%", "%", "lost").await, lost);
        until("the lost runs are counted", async || {
            all_lost(survivors).await >= lost.len() as u64
        })
        .await;
        assert_eq!(all_lost(survivors).await, lost.len() as u64, "each once");
    }
    // They are not found again while the survivors continue.
    for survivor in survivors {
        let ticks = database.runs(&survivor.name, "tick", "success").await.len();
        until("it continues to run ticks", async || {
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

/// Starts instances at the same time on an empty database, and waits until each has written a run.
async fn started<const N: usize>(
    instances: [(&str, Option<&str>); N],
    database: &mut Database,
) -> Vec<Instance> {
    let started = instances.map(|(name, clock)| Instance::start(name, database, clock));
    let started: Vec<_> = started.into_iter().map(Instance::serves).collect();
    for instance in &started {
        until("it writes its runs", async || {
            !database
                .runs(&instance.name, "tick", "success")
                .await
                .is_empty()
        })
        .await;
        assert_eq!(instance.lost().await, 0, "no run is lost");
        assert_eq!(instance.warnings(), [""; 0]);
    }
    started
}

#[tokio::test]
#[ignore = "needs PostgreSQL and the built example jobs: tests/run"]
async fn processes_that_start_at_the_same_time_create_the_tables_once() {
    let _alone = SERVER.lock().await;
    for _ in 0..5 {
        let mut database = Database::new("race").await;
        let instances = [("a", None), ("b", None), ("c", None), ("d", None)];
        let instances = started(instances, &mut database).await;
        // Only the import fails.
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
async fn clocks_ten_minutes_apart_do_not_matter() {
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
    // Imports start every ten seconds, which is five leases, and take longer than one lease.
    for instance in &instances {
        until("two imports have failed", async || {
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
