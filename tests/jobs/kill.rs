//! A process that is killed in mid-run, again and again: what was kept is there, and nothing runs for ever.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::until;
use tower_vitals::health::checks::drivers::sqlx;
use tower_vitals::health::checks::drivers::sqlx::sqlite::{
    SqliteConnectOptions, SqlitePoolOptions,
};
use tower_vitals::jobs::store::RunStore;
use tower_vitals::jobs::{RunQuery, RunStatus, SqliteHistory};

/// Runs the example for so long after it first kept a run, kills it, and gives what it said it kept.
fn killed_after(example: &Path, file: &Path, time: Duration) -> Vec<String> {
    let mut process = Command::new(example)
        .env("JOBS_DB", file)
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    for line in lines.by_ref() {
        said.push(line.unwrap());
        if said.last().unwrap().starts_with("kept ") {
            break;
        }
    }
    std::thread::sleep(time);
    // SIGKILL.
    process.kill().unwrap();
    process.wait().unwrap();
    // A line that was cut off in the middle is none that was said.
    said.extend(lines.map_while(Result::ok));
    let kept = said.iter().filter_map(|line| line.strip_prefix("kept "));
    kept.filter(|id| id.len() == 36)
        .map(str::to_owned)
        .collect()
}

/// Issue D, "Must show" 2.
#[tokio::test]
#[ignore = "needs the built example jobs: tests/run"]
async fn what_was_kept_is_there_and_nothing_runs_for_ever() {
    let example = crate::support::example::path("jobs");
    let file = std::env::temp_dir().join(format!("vitals-kill-{}.db", std::process::id()));
    let mut kept = BTreeSet::new();
    for _ in 0..20 {
        let random = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos();
        let time = Duration::from_millis(u64::from(random / 1000) % 150);
        kept.extend(killed_after(&example, &file, time));
    }
    println!("{} runs were kept over 20 kills", kept.len());
    assert!(kept.len() >= 20);

    let history = SqliteHistory::open(&file);
    let mut query = RunQuery::new().limit(1000);
    until("no run is running: each lease ran out", async || {
        let now = history.renew(&[], Duration::ZERO).await.unwrap();
        history.reap(now).await.unwrap();
        let running = RunQuery::new().status(RunStatus::Running);
        history.runs(&running).await.unwrap().is_empty()
    })
    .await;
    let mut runs = Vec::new();
    loop {
        let page = history.runs(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        query = query.after(last);
        runs.extend(page);
    }
    for run in &runs {
        let id = run.id.to_string();
        let expected: &[_] = match (&*run.job_name, kept.remove(&id)) {
            ("tick", true) => &[RunStatus::Success],
            // It had ended, and was killed before it said so; or it had not.
            ("tick", false) => &[RunStatus::Success, RunStatus::Lost],
            _ => &[RunStatus::Failed, RunStatus::Lost],
        };
        assert!(expected.contains(&run.status), "{run:?}");
    }
    assert!(kept.is_empty(), "kept, and not there: {kept:?}");
    let lost = runs
        .iter()
        .filter(|run| run.status == RunStatus::Lost)
        .count();
    println!("{} runs in the history, {lost} of them lost", runs.len());
    assert!(lost > 0, "twenty kills, and none in mid-run");

    let options = SqliteConnectOptions::new().filename(&file);
    let pool = SqlitePoolOptions::new()
        .connect_with(options)
        .await
        .unwrap();
    let check: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(check, "ok");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
}
