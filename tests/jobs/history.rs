//! What every history of jobs promises, asked of each of them.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::disk::Disk;
use serde_json::{Map, json};
use tower_vitals::Prometheus;
use tower_vitals::health::checks::drivers::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
};
use tower_vitals::health::checks::drivers::sqlx::{
    AssertSqlSafe, Connection, PgConnection, raw_sql,
};
use tower_vitals::jobs::{
    History, Job, Jobs, MemoryHistory, PostgresHistory, Problem, ProblemKind, Registration,
    Retention, RunQuery, RunRecord, RunStatus, SqliteHistory, Uuid,
};

const LEASE: Duration = Duration::from_mins(1);

/// A file of SQLite that goes when the test does.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("vitals-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn history(&self) -> SqliteHistory {
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

/// A schema of the test's own, so that its tables are.
struct Schema(String);

impl Schema {
    async fn new(name: &str) -> Self {
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

/// Each test, of each history.
macro_rules! conformance {
    ($($test:ident,)*) => {
        mod memory {
            use super::*;
            $(#[tokio::test]
            async fn $test() {
                super::$test(MemoryHistory::new()).await;
            })*
        }

        mod postgres {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs PostgreSQL: tests/run"]
            async fn $test() {
                let history = Schema::new(stringify!($test)).await.history();
                history.prepare().await.unwrap();
                super::$test(history).await;
            })*
        }

        mod sqlite {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                let file = File::new(stringify!($test));
                let history = file.history();
                history.prepare().await.unwrap();
                super::$test(history).await;
            })*
        }
    };
}

conformance! {
    runs_are_read_as_they_were_written,
    a_run_that_has_ended_is_never_changed_again,
    queries_ask_for_what_they_say,
    pages_are_whole_while_runs_come,
    stats_are_of_all_runs,
    leases_run_out_once,
    renewed_leases_do_not,
    retention_removes_the_oldest_first,
    writers_at_once_lose_nothing,
    standings_follow_what_happens,
    starts_that_no_run_tells_are_told_so,
    problems_are_reported_and_resolved_once,
    sql_in_any_text_is_text,
    whatever_a_run_says_is_kept,
}

/// The beginning of 2026, and so many seconds.
fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
}

fn running(job: &str, started: u64) -> RunRecord {
    RunRecord::new(Uuid::now_v7(), job, at(started), "shop-1")
}

fn ended(job: &str, started: u64, status: RunStatus, took: Duration) -> RunRecord {
    let mut run = running(job, started);
    run.status = status;
    run.duration = Some(took);
    run.finished_at = Some(run.started_at + took);
    run
}

async fn write(history: &impl History, runs: &[RunRecord]) {
    history.write(runs, LEASE).await.unwrap();
}

/// What has run out by now.
async fn reap(history: &impl History) -> Vec<RunRecord> {
    let now = history.renew(&[], LEASE).await.unwrap();
    history.reap(now).await.unwrap()
}

async fn ids(history: &impl History, query: &RunQuery) -> Vec<Uuid> {
    let runs = history.runs(query).await.unwrap();
    runs.iter().map(|run| run.id).collect()
}

async fn runs_are_read_as_they_were_written(history: impl History) {
    let mut full = ended(
        "nightly",
        1,
        RunStatus::Failed,
        Duration::from_micros(1_234_567),
    );
    full.started_at += Duration::from_micros(123_456);
    full.finished_at = Some(full.started_at + Duration::from_micros(1_234_567));
    full.error_message = Some("no \"route\" to host; 🦀".to_owned());
    full.metadata =
        serde_json::from_value(json!({"rows": 120, "deep": [{"a": null, "b": 0.5}]})).unwrap();
    let bare = running("nightly", 0);
    write(&history, &[full.clone(), bare.clone()]).await;
    assert_eq!(history.runs(&RunQuery::new()).await.unwrap(), [full, bare]);
    for (n, status) in RunStatus::ALL.into_iter().enumerate() {
        let run = if status == RunStatus::Running {
            running("all", 10)
        } else {
            ended("all", 10 + n as u64, status, Duration::from_secs(1))
        };
        write(&history, slice::from_ref(&run)).await;
        let query = RunQuery::new().job_name("all").status(status);
        assert_eq!(history.runs(&query).await.unwrap(), [run]);
    }
    write(&history, &[]).await;
    let by_id = RunQuery::new().id(history.runs(&RunQuery::new()).await.unwrap()[1].id);
    assert_eq!(history.runs(&by_id).await.unwrap().len(), 1);
    let none = ids(&history, &RunQuery::new().id(Uuid::now_v7())).await;
    assert!(none.is_empty(), "{none:?}");
}

async fn a_run_that_has_ended_is_never_changed_again(history: impl History) {
    let begun = running("nightly", 0);
    write(&history, slice::from_ref(&begun)).await;
    let mut done = begun.clone();
    done.status = RunStatus::Success;
    done.duration = Some(Duration::from_secs(2));
    done.metadata = Map::from_iter([("rows".to_owned(), json!(7))]);
    let mut failed = done.clone();
    failed.status = RunStatus::Failed;
    // Start and ends in one batch, of which the first end counts; and each once more.
    let batch = [begun.clone(), done.clone(), done.clone(), failed.clone()];
    write(&history, &batch).await;
    write(&history, &[begun]).await;
    write(&history, &[failed]).await;
    write(&history, slice::from_ref(&done)).await;
    assert_eq!(history.runs(&RunQuery::new()).await.unwrap(), [done]);
    let stats = history.stats("nightly").await.unwrap().unwrap();
    assert_eq!(
        (stats.total_runs(), stats.count(RunStatus::Success)),
        (1, 1),
        "{stats:?}"
    );
}

async fn queries_ask_for_what_they_say(history: impl History) {
    let runs = [
        ended("a", 0, RunStatus::Success, Duration::from_secs(1)),
        ended("a", 10, RunStatus::Failed, Duration::from_secs(1)),
        ended("b", 20, RunStatus::Success, Duration::from_secs(1)),
        running("b", 30),
    ];
    write(&history, &runs).await;
    let id = |n: usize| runs[n].id;
    let new = RunQuery::new;
    for (query, expected) in [
        (
            new().since(UNIX_EPOCH - Duration::from_hours(24 * 365 * 20_000)),
            vec![id(3), id(2), id(1), id(0)],
        ),
        (new(), vec![id(3), id(2), id(1), id(0)]),
        (new().job_name("a"), vec![id(1), id(0)]),
        (new().job_name("c"), vec![]),
        (new().status(RunStatus::Success), vec![id(2), id(0)]),
        (new().status(RunStatus::Lost), vec![]),
        (new().since(at(10)), vec![id(3), id(2), id(1)]),
        (
            new().since(at(10) + Duration::from_micros(1)),
            vec![id(3), id(2)],
        ),
        (new().job_name("b").status(RunStatus::Running), vec![id(3)]),
        (new().limit(2), vec![id(3), id(2)]),
        (new().limit(0), vec![id(3)]),
        (new().after(&runs[2]), vec![id(1), id(0)]),
        (new().after(&runs[2]).job_name("b"), vec![]),
    ] {
        assert_eq!(ids(&history, &query).await, expected, "{query:?}");
    }
    let last = history.last_runs().await.unwrap();
    assert_eq!(last, [runs[1].clone(), runs[3].clone()]);
}

/// Many of one start, so that only their ids tell them apart.
async fn pages_are_whole_while_runs_come(history: impl History) {
    let mut runs: Vec<_> = (0..25)
        .map(|n| ended("a", n / 10, RunStatus::Success, Duration::from_secs(1)))
        .collect();
    write(&history, &runs).await;
    runs.sort_by_key(|run| (run.started_at, run.id));
    let expected: Vec<_> = runs.iter().rev().map(|run| run.id).collect();
    let mut found = Vec::new();
    let mut query = RunQuery::new().job_name("a").limit(7);
    loop {
        let page = history.runs(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        query = query.after(last);
        found.extend(page.iter().map(|run| run.id));
        write(
            &history,
            &[ended("a", 99, RunStatus::Success, Duration::ZERO)],
        )
        .await;
    }
    assert_eq!(found, expected);
}

async fn stats_are_of_all_runs(history: impl History) {
    assert_eq!(history.stats("a").await.unwrap(), None);
    let seconds = Duration::from_secs;
    let mut runs: Vec<_> = (1..=20)
        .map(|n| ended("a", n, RunStatus::Success, seconds(n)))
        .collect();
    let mut failed = ended("a", 30, RunStatus::Failed, seconds(90));
    failed.error_message = Some("first".to_owned());
    runs.push(failed);
    let mut failed = ended("a", 40, RunStatus::Failed, seconds(100));
    failed.error_message = Some("second".to_owned());
    runs.push(failed);
    runs.push(ended("a", 50, RunStatus::Cancelled, seconds(10_000)));
    runs.push(running("a", 60));
    runs.push(ended("b", 70, RunStatus::Failed, seconds(5)));
    write(&history, &runs).await;
    let stats = history.stats("a").await.unwrap().unwrap();
    assert_eq!((stats.total_runs(), stats.running), (24, 1));
    let counts = RunStatus::ALL.map(|status| stats.count(status));
    assert_eq!(counts, [1, 20, 2, 1, 0]);
    assert!((stats.success_rate().unwrap() - 20.0 / 23.0).abs() < 1e-12);
    let average = stats.avg_duration.unwrap().as_secs_f64();
    assert!((average - 400.0 / 22.0).abs() < 1e-6, "{average}");
    assert_eq!(
        (stats.p50_duration, stats.p95_duration),
        (Some(seconds(11)), Some(seconds(90)))
    );
    assert_eq!(
        (stats.last_run, stats.last_status),
        (Some(at(60)), Some(RunStatus::Running))
    );
    assert_eq!(stats.last_error.as_deref(), Some("second"));
    let only_running = running("c", 0);
    write(&history, &[only_running]).await;
    let stats = history.stats("c").await.unwrap().unwrap();
    assert_eq!(
        (stats.total_runs(), stats.success_rate(), stats.avg_duration),
        (1, None, None)
    );
}

/// A lease of nothing has run out at once.
async fn leases_run_out_once(history: impl History) {
    let (gone, alive) = (running("a", 0), running("a", 1));
    let done = ended("a", 2, RunStatus::Success, Duration::ZERO);
    history
        .write(&[gone.clone(), done], Duration::ZERO)
        .await
        .unwrap();
    write(&history, slice::from_ref(&alive)).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let lost = reap(&history).await;
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert_eq!((lost[0].id, lost[0].status), (gone.id, RunStatus::Lost));
    assert_eq!(reap(&history).await, []);
    let query = RunQuery::new().status(RunStatus::Lost);
    let kept = history.runs(&query).await.unwrap();
    assert_eq!(kept, lost);
    let age = SystemTime::now()
        .duration_since(kept[0].finished_at.unwrap())
        .unwrap();
    assert!(age < Duration::from_mins(1), "{age:?}");
    // Its process was only asleep: it was told lost, and stays so.
    let mut late = gone;
    late.status = RunStatus::Success;
    write(&history, &[late]).await;
    assert_eq!(history.runs(&query).await.unwrap(), lost);
    assert_eq!(
        ids(&history, &RunQuery::new().status(RunStatus::Running)).await,
        [alive.id]
    );
    let stats = history.stats("a").await.unwrap().unwrap();
    assert_eq!((stats.count(RunStatus::Lost), stats.running), (1, 1));
}

async fn renewed_leases_do_not(history: impl History) {
    let (renewed, other) = (running("a", 0), running("a", 1));
    history
        .write(&[renewed.clone(), other.clone()], Duration::ZERO)
        .await
        .unwrap();
    let many: Vec<_> = (0..2500)
        .map(|_| Uuid::now_v7())
        .chain([renewed.id])
        .collect();
    let now = history.renew(&many, LEASE).await.unwrap();
    let own = SystemTime::now();
    let apart = own.duration_since(now).or_else(|_| now.duration_since(own));
    assert!(apart.unwrap() < LEASE, "{now:?}");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let lost = reap(&history).await;
    assert_eq!(
        lost.iter().map(|run| run.id).collect::<Vec<_>>(),
        [other.id]
    );
}

async fn retention_removes_the_oldest_first(history: impl History) {
    let mut runs: Vec<_> = (0..10)
        .map(|n| ended("a", n, RunStatus::Success, Duration::ZERO))
        .collect();
    runs.extend((0..4).map(|n| ended("a", 100 + n, RunStatus::Failed, Duration::ZERO)));
    runs.push(running("a", 0));
    write(&history, &runs).await;
    let for_ever = Retention::new().age(Duration::from_hours(24 * 365 * 100));
    assert_eq!(history.prune(&for_ever, 100).await.unwrap(), 0);
    let three = for_ever.count(3);
    assert_eq!(
        history.prune(&three, 5).await.unwrap(),
        5,
        "no more at once than it may"
    );
    assert_eq!(history.prune(&three, 100).await.unwrap(), 3);
    let left = history.runs(&RunQuery::new()).await.unwrap();
    let starts: Vec<_> = left
        .iter()
        .map(|run| (run.status.as_str(), run.started_at))
        .collect();
    assert_eq!(
        starts,
        [
            ("failed", at(103)),
            ("failed", at(102)),
            ("failed", at(101)),
            ("success", at(9)),
            ("success", at(8)),
            ("success", at(7)),
            ("running", at(0)),
        ]
    );
    let young = Retention::new().age(Duration::from_secs(1));
    let all_but = "all but what runs, and the job's last, for its next is expected by it";
    assert_eq!(history.prune(&young, 100).await.unwrap(), 5, "{all_but}");
    let left = history.runs(&RunQuery::new()).await.unwrap();
    let starts: Vec<_> = left.iter().map(|run| run.started_at).collect();
    assert_eq!(starts, [at(103), at(0)]);
    assert_eq!(history.last_runs().await.unwrap()[0].started_at, at(103));
    for age in [
        Duration::from_hours(24 * 365 * 20_000),
        Duration::from_secs(i64::MAX as u64),
        Duration::MAX,
    ] {
        let for_ever = Retention::new().age(age);
        assert_eq!(history.prune(&for_ever, 100).await.unwrap(), 0, "{age:?}");
    }
    let all = history.stats("a").await.unwrap().unwrap();
    assert_eq!(all.total_runs(), 15, "what is gone was there");
}

async fn writers_at_once_lose_nothing(history: impl History) {
    let history = Arc::new(history);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let history = Arc::clone(&history);
            tokio::spawn(async move {
                let mut ids = BTreeSet::new();
                for n in 0..20 {
                    let begun = running("a", writer * 100 + n);
                    let mut done = begun.clone();
                    done.status = RunStatus::Success;
                    write(&*history, &[begun]).await;
                    ids.insert(done.id);
                    write(&*history, &[done]).await;
                }
                ids
            })
        })
        .collect();
    let mut all = BTreeSet::new();
    for writer in writers {
        all.extend(writer.await.unwrap());
    }
    let query = RunQuery::new().status(RunStatus::Success).limit(1000);
    let found: BTreeSet<_> = ids(&*history, &query).await.into_iter().collect();
    assert_eq!(found, all);
    assert_eq!(history.stats("a").await.unwrap().unwrap().total_runs(), 160);
}

fn assert_near(a: SystemTime, b: SystemTime) {
    let apart = a.max(b).duration_since(a.min(b)).unwrap();
    assert!(apart < Duration::from_secs(30), "{apart:?}");
}

async fn standings_follow_what_happens(history: impl History) {
    let daily = |name| Registration::new(name, Some("daily".to_owned()));
    history.register(&[daily("b"), daily("a")]).await.unwrap();
    let first = history.job_states().await.unwrap();
    let names: Vec<_> = first.jobs.iter().map(|job| &*job.job_name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_near(first.now, SystemTime::now());
    let a = &first.jobs[0];
    assert_near(a.known_since, first.now);
    assert_eq!((a.registered_at, a.last_start), (Some(a.known_since), None));
    tick().await;
    let again = [
        daily("a"),
        Registration::new("b", Some("hourly".to_owned())),
        daily("c"),
    ];
    history.register(&again).await.unwrap();
    let jobs = history.job_states().await.unwrap().jobs;
    assert_eq!((jobs.len(), jobs[0].known_since), (3, a.known_since));
    assert!(jobs[0].registered_at > a.registered_at);
    assert!(
        jobs[1].known_since > first.jobs[1].known_since,
        "another schedule"
    );
    tick().await;
    let names = ["a", "b", "c"].map(|name| Registration::new(name, None));
    history.register(&names).await.unwrap();
    let said = history.job_states().await.unwrap().jobs;
    assert!(said[1].registered_at > jobs[1].registered_at);
    for (said, before) in said.iter().zip(&jobs) {
        assert_eq!(said.known_since, before.known_since);
    }

    // What is not registered is known by its runs.
    let started = SystemTime::now() - Duration::from_mins(5);
    let mut runs: Vec<_> = [
        RunStatus::Success,
        RunStatus::Failed,
        RunStatus::Cancelled,
        RunStatus::Failed,
    ]
    .map(|status| ended("d", 0, status, Duration::ZERO))
    .into();
    for (n, run) in (0..).zip(&mut runs) {
        run.started_at = started + Duration::from_secs(n);
        run.finished_at = Some(run.started_at);
    }
    let standing = async || history.job_states().await.unwrap().jobs.pop().unwrap();
    write(&history, &runs).await;
    let known = standing().await;
    assert_eq!(
        (
            &*known.job_name,
            known.failures_in_a_row,
            known.registered_at
        ),
        ("d", 2, None)
    );
    assert_near(known.last_start.unwrap(), started);
    assert_near(known.last_failure.unwrap(), started);
    let apart = known.started_at.unwrap().duration_since(runs[3].started_at);
    assert!(apart.unwrap_or_default() < Duration::from_millis(1));
    write(&history, &runs).await;
    assert_eq!(standing().await, known, "they are no news");
    history.register(&[daily("d")]).await.unwrap();
    let registered = standing().await;
    assert!(registered.known_since > known.known_since);
    assert_eq!(registered.last_start, known.last_start);

    let mut gone = RunRecord::new(Uuid::now_v7(), "d", SystemTime::now(), "shop-1");
    history
        .write(slice::from_ref(&gone), Duration::ZERO)
        .await
        .unwrap();
    let known = standing().await;
    assert_eq!(known.failures_in_a_row, 2, "one that runs says nothing");
    assert_near(known.last_start.unwrap(), SystemTime::now());
    tick().await;
    assert_eq!(reap(&history).await.len(), 1);
    let lost = standing().await;
    assert_eq!(lost.failures_in_a_row, 3);
    assert_eq!(lost.last_start, known.last_start);

    // What was written late is older than the failure.
    let old = ended("d", 0, RunStatus::Success, Duration::ZERO);
    write(&history, &[old]).await;
    let after = standing().await;
    assert_eq!((after.failures_in_a_row, after.streak), (3, lost.streak));
    assert_eq!(after.last_start, lost.last_start);
    gone.id = Uuid::now_v7();
    write(&history, slice::from_ref(&gone)).await;
    let started = standing().await.last_start;
    assert!(started >= known.last_start);
    gone.status = RunStatus::Success;
    gone.finished_at = Some(SystemTime::now());
    write(&history, &[gone]).await;
    let after = standing().await;
    assert_eq!(
        (after.failures_in_a_row, after.streak),
        (0, lost.streak + 1)
    );
    assert_eq!(after.last_start, started, "an end is no start");
}

/// And by its own clock it is the same start as that of the run, should that come yet.
async fn starts_that_no_run_tells_are_told_so(history: impl History) {
    let standing = async || history.job_states().await.unwrap().jobs;
    let mut run = ended("d", 0, RunStatus::Failed, Duration::ZERO);
    run.started_at = SystemTime::now() - Duration::from_mins(1);
    write(&history, slice::from_ref(&run)).await;
    let before = standing().await.remove(0);
    let untold = SystemTime::now() - Duration::from_millis(1);
    let told = |job: &str, start| Registration::new(job, None).last_start(start);
    let long_ago = untold - Duration::from_hours(1);
    let starts = [told("c", long_ago), told("d", long_ago), told("d", untold)];
    history.register(&starts).await.unwrap();
    let jobs = standing().await;
    assert_near(jobs[0].last_start.unwrap(), long_ago);
    let known = &jobs[1];
    assert!(known.last_start > before.last_start);
    assert_near(known.last_start.unwrap(), untold);
    assert_eq!(known.known_since, before.known_since);
    assert_eq!((known.failures_in_a_row, known.streak), (1, before.streak));
    tick().await;
    history.register(&[told("d", untold)]).await.unwrap();
    run.id = Uuid::now_v7();
    run.started_at = untold;
    write(&history, &[run]).await;
    assert_eq!(standing().await[1].last_start, known.last_start);
}

async fn problems_are_reported_and_resolved_once(history: impl History) {
    let now = async || history.job_states().await.unwrap().now;
    let new = |job, kind, message: &str| {
        let mut problem = Problem::new(job, kind, at(1), message);
        problem.run = Some(Uuid::now_v7());
        problem.last_start = Some(at(0) + Duration::from_millis(123));
        problem.streak = 7;
        problem
    };
    let (me, other) = (Uuid::now_v7(), Uuid::now_v7());
    let failing = new("b", ProblemKind::Failing, "no \"route\"");
    let missed = new("a", ProblemKind::Missed, &"🦀".repeat(1000));
    let late = Problem::new("a", ProblemKind::Late, at(1), "");
    let before = now().await;
    for problem in [&failing, &missed, &late] {
        assert!(!history.resolve(problem, me).await.unwrap());
        assert!(history.report(problem, before).await.unwrap());
        // Whoever has no answer asks again, and another is told that it is known.
        assert!(history.report(problem, before).await.unwrap());
        let mut same = problem.clone();
        same.id = Uuid::now_v7();
        assert!(!history.report(&same, before).await.unwrap());
        assert!(!history.resolve(&same, me).await.unwrap());
    }
    tick().await;
    let open = history.problems().await.unwrap();
    assert_eq!(open, [late.clone(), missed.clone(), failing.clone()]);

    let seen = now().await;
    tick().await;
    assert!(history.resolve(&late, me).await.unwrap());
    assert!(history.resolve(&late, me).await.unwrap());
    assert!(!history.resolve(&late, other).await.unwrap());
    assert!(!history.report(&late, seen).await.unwrap());
    tick().await;
    assert_eq!(
        history.problems().await.unwrap(),
        [missed.clone(), failing.clone()]
    );
    // Who looked before it ended does not know that it is back.
    let back = Problem::new("a", ProblemKind::Late, at(2), "again");
    assert!(!history.report(&back, seen).await.unwrap());
    assert!(history.report(&back, now().await).await.unwrap());
    assert!(
        !history.resolve(&late, other).await.unwrap(),
        "that was before"
    );
    assert_eq!(history.problems().await.unwrap(), [back, missed, failing]);

    // Of several that look at the same time one is told.
    let two = [(); 2].map(|()| new("c", ProblemKind::Missed, ""));
    let seen = now().await;
    let (one, another) = tokio::join!(history.report(&two[0], seen), history.report(&two[1], seen));
    let (one, another) = (one.unwrap(), another.unwrap());
    assert!(one != another);
    let known = &two[usize::from(another)];
    let (one, another) = tokio::join!(history.resolve(known, me), history.resolve(known, other));
    assert!(one.unwrap() != another.unwrap());
}

/// So that clocks of milliseconds go on.
async fn tick() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

async fn sql_in_any_text_is_text(history: impl History) {
    let texts = [
        "' OR '1'='1",
        "a'); DROP TABLE job_runs; --",
        "%",
        "\\",
        "$1",
        "\u{1f980}",
    ];
    for text in texts {
        let mut run = ended(text, 0, RunStatus::Failed, Duration::ZERO);
        run.error_message = Some(text.to_owned());
        run.instance = text.to_owned();
        run.metadata = Map::from_iter([(text.to_owned(), json!(text))]);
        write(&history, slice::from_ref(&run)).await;
        let found = history.runs(&RunQuery::new().job_name(text)).await.unwrap();
        assert_eq!(found, [run]);
        let stats = history.stats(text).await.unwrap().unwrap();
        assert_eq!(stats.last_error.as_deref(), Some(text));
    }
    assert_eq!(
        history.runs(&RunQuery::new()).await.unwrap().len(),
        texts.len()
    );
}

/// What a text of a database or a number of JSON cannot be is no reason to refuse a run, and with it all that wait behind it.
async fn whatever_a_run_says_is_kept(history: impl History) {
    const ODD: Job = Job::named("odd\0job");
    let jobs = Jobs::builder().history(history).run().unwrap();
    let odd = jobs.monitor_with(ODD, |run| async move {
        run.set("nul\0", "nul\0");
        run.set("deep", json!([{"nul\0": ["\0"]}]));
        run.set("largest", u64::MAX);
        run.set("smallest", 5e-324);
        Err::<(), _>("no\0route \u{ffff}")
    });
    odd.await.unwrap_err();
    let shut_down = jobs.shutdown(Duration::from_secs(5)).await;
    shut_down.unwrap();
    let runs = jobs.runs(&RunQuery::new()).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].job_name, "odd job");
    assert_eq!(runs[0].error_message.as_deref(), Some("no route \u{ffff}"));
    let metadata = json!(runs[0].metadata);
    assert_eq!(metadata["nul "], "nul ");
    assert_eq!(metadata["largest"], u64::MAX);
}

#[tokio::test]
async fn memory_is_bounded_and_lets_go_what_has_ended() {
    let history = MemoryHistory::new().max_runs(3);
    let under_way = running("a", 0);
    write(&history, slice::from_ref(&under_way)).await;
    for n in 1..=10 {
        write(
            &history,
            &[ended("a", n, RunStatus::Success, Duration::ZERO)],
        )
        .await;
    }
    let left = history.runs(&RunQuery::new()).await.unwrap();
    let starts: Vec<_> = left.iter().map(|run| run.started_at).collect();
    assert_eq!(starts, [at(10), at(9), at(0)]);
    assert_eq!(history.stats("a").await.unwrap().unwrap().total_runs(), 11);
}

/// Two that start at once on one file, and one that comes later.
#[tokio::test(flavor = "multi_thread")]
async fn migrations_race_without_an_error() {
    let file = File::new("race");
    let starts = (0..8).map(|_| {
        let history = file.history();
        tokio::spawn(async move { history.prepare().await.map_err(shown) })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
    let history = file.history();
    history.prepare().await.unwrap();
    let run = running("a", 0);
    write(&history, slice::from_ref(&run)).await;
    let other = file.history();
    assert_eq!(other.runs(&RunQuery::new()).await.unwrap(), [run]);
}

/// Two processes that start at once, and clocks that differ: the database's decides.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn instances_of_one_postgres_agree() {
    let schema = Schema::new("agree").await;
    let starts = (0..8).map(|_| {
        let history = schema.history();
        tokio::spawn(async move { history.prepare().await.map_err(shown) })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
    let (one, other) = (schema.history(), schema.history());
    // Begun by a clock that is ten minutes ahead, and by one that is ten minutes behind.
    let (mut ahead, mut behind) = (running("a", 0), running("a", 0));
    ahead.started_at = SystemTime::now() + Duration::from_mins(10);
    behind.started_at = SystemTime::now() - Duration::from_mins(10);
    write(&one, &[ahead, behind]).await;
    assert_eq!(reap(&other).await, [], "both have their leases");
    let gone: Vec<_> = (0..200).map(|n| running("b", n)).collect();
    one.write(&gone, Duration::ZERO).await.unwrap();
    let (mine, theirs) = tokio::join!(reap(&one), reap(&other));
    let mut lost: Vec<_> = [mine, theirs].concat();
    while lost.len() < gone.len() {
        // What one has in hand the other leaves alone.
        lost.extend(reap(&one).await);
    }
    let found: BTreeSet<_> = lost.iter().map(|run| run.id).collect();
    assert_eq!((lost.len(), found.len()), (200, 200), "each once");
    let all = other.stats("b").await.unwrap().unwrap();
    assert_eq!(all.count(RunStatus::Lost), 200);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn a_postgres_that_is_not_there_is_an_error_without_its_password() {
    let history = PostgresHistory::url("postgres://shop:planted@127.0.0.1:1/shop").unwrap();
    let error = shown(history.prepare().await.unwrap_err());
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
async fn a_file_that_is_no_database_is_an_error_that_says_so() {
    let file = File::new("none");
    std::fs::write(
        &file.0,
        "this is no database, however long it may be read. ".repeat(100),
    )
    .unwrap();
    let error = shown(file.history().prepare().await.unwrap_err());
    assert!(
        error.starts_with("the history of jobs in SQLite: "),
        "{error}"
    );
    assert!(error.contains("not a database"), "{error}");
}

/// As on a disk that is full, SQLite ends the transaction by itself, of which the pool knows nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_to_after_sqlite_has_ended_a_transaction_by_itself() {
    let file = File::new("rollback");
    let options = SqliteConnectOptions::new()
        .filename(&file.0)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    let history = SqliteHistory::pool(pool.clone());
    history.prepare().await.unwrap();
    let does = async |sql: &'static str| raw_sql(sql).execute(&pool).await.unwrap();
    does("CREATE TRIGGER full BEFORE INSERT ON job_runs BEGIN SELECT RAISE(ROLLBACK, 'full'); END")
        .await;
    let run = running("a", 0);
    for _ in 0..2 {
        let error = shown(
            history
                .write(slice::from_ref(&run), LEASE)
                .await
                .unwrap_err(),
        );
        assert!(error.ends_with("full"), "{error}");
    }
    does("DROP TRIGGER full").await;
    write(&history, slice::from_ref(&run)).await;
    assert_eq!(ids(&history, &RunQuery::new()).await, [run.id]);
}

/// One that a history will never take stops nobody behind it.
async fn what_is_refused_is_left_out_and_counted(history: impl History + Clone) {
    const BAD: Job = Job::named("bad");
    const GOOD: Job = Job::named("good");
    // Not even its name is taken.
    const WORSE: Job = Job::named("worse");
    let prometheus = Prometheus::builder().build().unwrap();
    let reader = history.clone();
    let jobs = Jobs::builder().job(BAD).job(GOOD).job(WORSE);
    let jobs = jobs.history(history);
    // Short, so that it is soon looked what is known.
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
    // Which is told without its runs.
    let standings = async || reader.job_states().await.unwrap().jobs;
    crate::support::until("its last start is known", async || {
        let known = standings().await;
        known[0].job_name == "bad" && known[0].last_start.is_some()
    })
    .await;
    // A start and an end each, if they were not one by then.
    assert!((5.0..=10.0).contains(&dropped("bad")), "{}", dropped("bad"));
    assert_eq!(dropped("good"), 0.0);
    // What a run tells of itself is left out before the run is.
    let odd = jobs.monitor(GOOD, async { Err::<(), _>("odd") });
    odd.await.unwrap_err();
    jobs.flush().await;
    let last = jobs.runs(&RunQuery::new()).await.unwrap().remove(0);
    assert_eq!((last.status, last.error_message), (RunStatus::Failed, None));
    assert_eq!(dropped("good"), 0.0);
    // It is over with them.
    jobs.start(GOOD).finish();
    jobs.flush().await;
    assert_eq!(jobs.runs(&RunQuery::new()).await.unwrap().len(), 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sqlite_refuses_is_left_out() {
    let file = File::new("refused");
    let options = SqliteConnectOptions::new().filename(&file.0);
    let pool = SqlitePoolOptions::new().connect_lazy_with(options.create_if_missing(true));
    let history = SqliteHistory::pool(pool.clone());
    history.prepare().await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON job_runs \
                  WHEN new.job_name IN ('bad', 'worse') OR new.error_message = 'odd' \
                  BEGIN SELECT RAISE(ABORT, 'bad'); END; \
                  CREATE TRIGGER refuse_job BEFORE INSERT ON job_standings \
                  WHEN new.job_name = 'worse' BEGIN SELECT RAISE(ABORT, 'worse'); END";
    raw_sql(refuse).execute(&pool).await.unwrap();
    what_is_refused_is_left_out_and_counted(history).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn what_postgres_refuses_is_left_out() {
    let schema = Schema::new("refused").await;
    let history = schema.history();
    history.prepare().await.unwrap();
    let mut connection = PgConnection::connect(&schema.0).await.unwrap();
    let refuse = "ALTER TABLE job_runs ADD CHECK (job_name NOT IN ('bad', 'worse') AND error_message <> 'odd'); \
                  ALTER TABLE job_standings ADD CHECK (job_name <> 'worse')";
    raw_sql(refuse).execute(&mut connection).await.unwrap();
    what_is_refused_is_left_out_and_counted(history).await;
}

/// What it asks is whether others could renew theirs.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_locked_renews_nothing_also_where_nothing_runs() {
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
    let error = shown(history.renew(&[], LEASE).await.unwrap_err());
    assert!(error.contains("locked"), "{error}");
    locked.rollback().await.unwrap();
    let now = history.renew(&[], LEASE).await.unwrap();
    assert!(now.elapsed().unwrap() < LEASE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_renews_nothing_also_where_nothing_runs() {
    let Some(disk) = Disk::mount("renew") else {
        println!("no disk can be mounted here");
        return;
    };
    let options = SqliteConnectOptions::new().filename(disk.path().join("jobs.db"));
    let options = options.create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect_lazy_with(options.journal_mode(SqliteJournalMode::Wal));
    let history = SqliteHistory::pool(pool.clone());
    history.prepare().await.unwrap();
    // What the log has room for already is no more than nothing.
    let truncate = raw_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    truncate.execute(&pool).await.unwrap();
    disk.fill();
    let error = shown(history.renew(&[], LEASE).await.unwrap_err());
    assert!(error.contains("full"), "{error}");
    disk.free();
    history.renew(&[], LEASE).await.unwrap();
}

fn shown(error: impl std::error::Error) -> String {
    let mut all = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        fmt::Write::write_fmt(&mut all, format_args!(": {error}")).unwrap();
        source = error.source();
    }
    all
}
