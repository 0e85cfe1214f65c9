//! A process that is killed during runs, twenty times: written runs survive, and no run stays running.

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

/// Runs the example for `time` after its first written run, then kills it. Returns the runs that it printed as written.
fn killed_after(example: &Path, file: &Path, time: Duration) -> Vec<String> {
    let mut process = Command::new(example)
        .env("JOBS_DB", file)
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut printed = Vec::new();
    for line in lines.by_ref() {
        printed.push(line.unwrap());
        if printed.last().unwrap().starts_with("written ") {
            break;
        }
    }
    std::thread::sleep(time);
    // SIGKILL.
    process.kill().unwrap();
    process.wait().unwrap();
    // The last line may be incomplete.
    printed.extend(lines.map_while(Result::ok));
    let written = printed.iter();
    let written = written.filter_map(|line| line.strip_prefix("written "));
    written
        .filter(|id| id.len() == 36)
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
#[ignore = "needs the built example jobs: tests/run"]
async fn written_runs_survive_a_kill_and_no_run_stays_running() {
    let example = crate::support::example::path("jobs");
    let file = std::env::temp_dir().join(format!("vitals-kill-{}.db", std::process::id()));
    let mut written = BTreeSet::new();
    for _ in 0..20 {
        let random = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .subsec_nanos();
        let time = Duration::from_millis(u64::from(random / 1000) % 150);
        written.extend(killed_after(&example, &file, time));
    }
    println!("{} runs were written over 20 kills", written.len());
    assert!(written.len() >= 20);

    let history = SqliteHistory::open(&file);
    let mut query = RunQuery::new().limit(1000);
    until(
        "no run is running, because each lease has expired",
        async || {
            let now = history.renew(&[], Duration::ZERO).await.unwrap();
            history.reap(now).await.unwrap();
            let running = RunQuery::new().status(RunStatus::Running);
            history.runs(&running).await.unwrap().is_empty()
        },
    )
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
        let expected: &[_] = match (&*run.job_name, written.remove(&id)) {
            ("tick", true) => &[RunStatus::Success],
            // The process was killed before it printed the run, or before the run ended.
            ("tick", false) => &[RunStatus::Success, RunStatus::Lost],
            _ => &[RunStatus::Failed, RunStatus::Lost],
        };
        assert!(expected.contains(&run.status), "{run:?}");
    }
    assert!(written.is_empty(), "written runs are missing: {written:?}");
    let lost = runs
        .iter()
        .filter(|run| run.status == RunStatus::Lost)
        .count();
    println!("{} runs in the history, {lost} of them lost", runs.len());
    assert!(lost > 0, "no kill hit a running run");

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
