//! A SQLite file that is deleted, moved or replaced while it is open, with `recreate_if_missing`: jobs go on in a new file.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::timeout;
use tower_vitals::jobs::store::{ProblemStore, RunStore};
use tower_vitals::jobs::{
    Job, Jobs, Problem, ProblemKind, RunQuery, RunStatus, SqliteHistory, store::Registration,
};

use crate::conformance::fixtures::{LEASE, ended, running};
use crate::history::File;
use crate::support::log::Log;
use crate::support::until;

const WORK: Job = Job::named("work").every(Duration::from_secs(3600));
const SECOND: Duration = Duration::from_secs(1);

fn recreating(file: &File) -> SqliteHistory {
    file.history().recreate_if_missing(true)
}

fn away(file: &File) -> File {
    File(PathBuf::from(format!("{}-away", file.0.display())))
}

async fn run(jobs: &Jobs, times: usize) {
    for _ in 0..times {
        let work = jobs.monitor(WORK, async { Ok::<_, String>(()) });
        work.await.unwrap();
    }
}

async fn runs_in(path: &Path) -> usize {
    let history = SqliteHistory::open(path);
    history.prepare().await.unwrap();
    let query = RunQuery::new().limit(1000);
    history.runs(&query).await.unwrap().len()
}

/// The new file has `kept` runs that were in the replacement.
async fn jobs_go_on(name: &str, problem: &str, kept: u64, break_it: impl AsyncFnOnce(&File)) {
    let (log, _guard) = Log::of_this_thread();
    let file = File::new(name);
    let builder = Jobs::builder().job(WORK).history(recreating(&file));
    let jobs = builder.lease(Duration::from_secs(1)).run().unwrap();
    run(&jobs, 5).await;
    let open = jobs.start(WORK);
    let id = open.run().id();
    jobs.flush().await;
    let check = jobs.health_check();
    assert_eq!(check().await, Ok(()));

    // Other processes may still have it open.
    let log_path = format!("{}-wal", file.0.display());
    let old_log = fs::File::open(&log_path).unwrap();
    break_it(&file).await;
    let line = format!(
        "the file {} of the job history was {problem}",
        file.0.display()
    );
    // Without a new run: a renewal of leases notices it.
    until("the new file is reported", async || {
        assert_eq!(check().await, Ok(()));
        log.count(&line) == 1
    })
    .await;
    run(&jobs, 20).await;
    timeout(Duration::from_secs(10), jobs.flush())
        .await
        .unwrap();
    let inode = |metadata: io::Result<fs::Metadata>| metadata.unwrap().ino();
    assert_ne!(inode(fs::metadata(&log_path)), inode(old_log.metadata()));
    let stats = jobs.stats("work").await.unwrap().unwrap();
    assert_eq!(stats.total_runs(), 21 + kept, "{}", log.text());
    let found = jobs.runs(&RunQuery::new().id(id)).await.unwrap();
    assert_eq!(found[0].status, RunStatus::Running);
    open.finish();
    jobs.flush().await;
    let found = jobs.runs(&RunQuery::new().id(id)).await.unwrap();
    assert_eq!(found[0].status, RunStatus::Success);
    let stats = jobs.stats("work").await.unwrap().unwrap();
    assert_eq!(
        (stats.total_runs(), stats.count(RunStatus::Lost)),
        (21 + kept, 0)
    );
    let other = SqliteHistory::open(&file.0);
    let known = other.job_states().await.unwrap().jobs;
    assert_eq!(known.len(), 1);
    assert!(known[0].registered_at.is_some());
    assert_eq!(check().await, Ok(()));
    assert_eq!(log.count(&line), 1, "{}", log.text());
    assert_eq!(log.count("cannot"), 0, "{}", log.text());
}

#[tokio::test]
async fn jobs_go_on_after_their_file_was_deleted() {
    jobs_go_on("gone", "deleted or moved", 0, async |file| {
        fs::remove_file(&file.0).unwrap();
    })
    .await;
}

#[tokio::test]
async fn jobs_go_on_after_all_files_were_deleted() {
    jobs_go_on("all-gone", "deleted or moved", 0, async |file| {
        for suffix in ["", "-wal", "-shm"] {
            fs::remove_file(format!("{}{suffix}", file.0.display())).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn jobs_go_on_after_their_file_was_moved_and_it_is_complete() {
    let away_file = away(&File::new("moved-on"));
    jobs_go_on("moved-on", "deleted or moved", 0, async |file| {
        fs::rename(&file.0, &away_file.0).unwrap();
    })
    .await;
    // Its log stayed behind.
    assert_eq!(runs_in(&away_file.0).await, 6);
}

#[tokio::test]
async fn jobs_go_on_after_an_empty_file_took_the_place_of_theirs() {
    let away_file = away(&File::new("emptied"));
    jobs_go_on("emptied", "replaced", 0, async |file| {
        fs::rename(&file.0, &away_file.0).unwrap();
        fs::write(&file.0, b"").unwrap();
    })
    .await;
    assert_eq!(runs_in(&away_file.0).await, 6);
}

/// The log of the file that was open must not be applied to the other one.
#[tokio::test]
async fn jobs_go_on_in_another_history_that_took_the_place_of_theirs() {
    let backup = File::new("backup");
    let history = backup.history();
    history.prepare().await.unwrap();
    let runs: Vec<_> = (0..7)
        .map(|n| ended("work", n, RunStatus::Success, SECOND))
        .collect();
    history.write(&runs, LEASE).await.unwrap();
    let copy = away(&backup);
    checkpoint(&backup).await;
    fs::copy(&backup.0, &copy.0).unwrap();
    jobs_go_on("restored", "replaced", 7, async |file| {
        fs::rename(&copy.0, &file.0).unwrap();
    })
    .await;
}

async fn checkpoint(file: &File) {
    use tower_vitals::health::checks::drivers::sqlx::{Connection, SqliteConnection, raw_sql};
    let path = file.0.to_str().unwrap();
    let mut connection = SqliteConnection::connect(path).await.unwrap();
    raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_history_is_left_alone_and_reported_once() {
    let (log, _guard) = Log::of_this_thread();
    let file = File::new("text");
    let builder = Jobs::builder().history(recreating(&file));
    let jobs = builder.lease(Duration::from_secs(1)).run().unwrap();
    run(&jobs, 5).await;
    jobs.flush().await;
    let check = jobs.health_check();
    let text = "a text, and no database ".repeat(100);
    fs::remove_file(&file.0).unwrap();
    fs::write(&file.0, &text).unwrap();
    until("the check fails", async || check().await.is_err()).await;
    run(&jobs, 3).await;
    let left = timeout(Duration::from_secs(2), jobs.flush()).await;
    assert!(left.is_err());
    assert_eq!(fs::read_to_string(&file.0).unwrap(), text);
    assert_eq!(log.count("of the job history was"), 0, "{}", log.text());
    for operation in ["renew leases", "write runs"] {
        let line = format!("cannot {operation}");
        assert_eq!(log.count(&line), 1, "{}", log.text());
    }

    fs::remove_file(&file.0).unwrap();
    timeout(Duration::from_secs(10), jobs.flush())
        .await
        .unwrap();
    until("the check succeeds", async || check().await.is_ok()).await;
    let stats = jobs.stats("work").await.unwrap().unwrap();
    assert_eq!(stats.total_runs(), 3);
    assert_eq!(log.count("of the job history was"), 1, "{}", log.text());
}

#[tokio::test]
async fn each_loss_is_reported_once_and_state_and_problems_survive_it() {
    let (log, _guard) = Log::of_this_thread();
    let file = File::new("twice");
    let history = recreating(&file);
    history.prepare().await.unwrap();
    let schedule = Some("every hour".to_owned());
    let registered = [Registration::new("work", schedule)];
    history.register(&registered).await.unwrap();
    let failed = [1, 2, 3].map(|n| ended("work", n, RunStatus::Failed, SECOND));
    history.write(&failed, LEASE).await.unwrap();
    let under_way = running("work", 10);
    let one = std::slice::from_ref(&under_way);
    history.write(one, LEASE).await.unwrap();
    let mut problem = Problem::new(
        "work",
        ProblemKind::Failing,
        SystemTime::now(),
        "3 failures in a row",
    );
    problem.success_epoch = 1;
    assert!(history.report(&problem, SystemTime::now()).await.unwrap());
    let resolved = Problem::new("work", ProblemKind::Late, SystemTime::now(), "late");
    assert!(history.report(&resolved, SystemTime::now()).await.unwrap());
    assert!(history.resolve(&resolved, problem.id).await.unwrap());
    let before = history.job_states().await.unwrap().jobs;
    assert_eq!(before[0].failures_in_a_row, 3);

    for losses in 1..=2 {
        fs::remove_file(&file.0).unwrap();
        let open = history.problems().await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].id, open[0].kind), (problem.id, problem.kind));
        let after = history.job_states().await.unwrap().jobs;
        assert_eq!(after.len(), 1);
        assert_eq!(after[0].failures_in_a_row, 3);
        let close = |a: Option<SystemTime>, b: Option<SystemTime>| {
            let (a, b) = (a.unwrap(), b.unwrap());
            let apart = a.duration_since(b).unwrap_or_else(|error| error.duration());
            assert!(apart < Duration::from_millis(2), "{apart:?}");
        };
        close(Some(after[0].known_since), Some(before[0].known_since));
        close(after[0].last_start, before[0].last_start);
        close(after[0].started_at, before[0].started_at);
        close(after[0].last_failure, before[0].last_failure);
        close(after[0].last_end, before[0].last_end);
        let runs = history.runs(&RunQuery::new()).await.unwrap();
        assert_eq!(runs, one);
        // The schedule is known, so the job is not known anew.
        history.register(&registered).await.unwrap();
        let again = history.job_states().await.unwrap().jobs;
        close(Some(again[0].known_since), Some(before[0].known_since));
        assert_eq!(
            log.count("of the job history was"),
            losses,
            "{}",
            log.text()
        );
    }
}

#[tokio::test]
async fn services_that_share_a_file_go_on_in_the_same_new_one() {
    let (log, _guard) = Log::of_this_thread();
    let file = File::new("shared-new");
    let start = |name| {
        let builder = Jobs::builder().job(WORK).history(recreating(&file));
        let builder = builder.lease(Duration::from_secs(1)).instance(name);
        builder.run().unwrap()
    };
    let all = [start("one"), start("two")];
    for jobs in &all {
        run(jobs, 5).await;
        jobs.flush().await;
    }
    for round in 1..=5_u64 {
        fs::remove_file(&file.0).unwrap();
        let each = async |jobs: &Jobs| {
            run(jobs, 10).await;
            let flushed = timeout(Duration::from_secs(10), jobs.flush()).await;
            assert!(flushed.is_ok(), "round {round}: {}", log.text());
        };
        tokio::join!(each(&all[0]), each(&all[1]));
        for jobs in &all {
            let stats = jobs.stats("work").await.unwrap().unwrap();
            let (all, lost) = (stats.total_runs(), stats.count(RunStatus::Lost));
            assert_eq!((all, lost), (20, 0), "round {round}");
        }
    }
}
