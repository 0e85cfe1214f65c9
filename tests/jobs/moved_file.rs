//! A SQLite file that is moved, deleted or replaced while it is open: no run is lost once it is back.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tower_vitals::jobs::{Job, Jobs, RunStatus};

use crate::history::File;
use crate::support::log::Log;
use crate::support::until;

const WORK: Job = Job::named("work");

async fn run(jobs: &Jobs, times: usize) {
    for _ in 0..times {
        let work = jobs.monitor(WORK, async { Ok::<_, String>(()) });
        work.await.unwrap();
    }
}

/// `None` moves the file away; otherwise another file takes its place.
async fn runs_wait_for_the_file(name: &str, replacement: Option<&[u8]>, problem: &str) {
    let (log, _guard) = Log::of_this_thread();
    let file = File::new(name);
    let away = File(PathBuf::from(format!("{}-away", file.0.display())));
    let builder = Jobs::builder().history(file.history());
    let jobs = builder.lease(Duration::from_secs(1)).run().unwrap();
    run(&jobs, 5).await;
    jobs.flush().await;
    let check = jobs.health_check();
    assert_eq!(check().await, Ok(()));

    fs::rename(&file.0, &away.0).unwrap();
    if let Some(text) = replacement {
        fs::write(&file.0, text).unwrap();
    }
    let began = Instant::now();
    let problem = format!(
        "the file {} was {problem} while it was open: move it back",
        file.0.display()
    );
    let is_found = async || {
        check()
            .await
            .is_err_and(|message| message.contains(&problem))
    };
    until("the check names the file", is_found).await;
    // A renewal is due every third of a lease.
    assert!(began.elapsed() < Duration::from_millis(900));
    run(&jobs, 20).await;
    let left = timeout(Duration::from_secs(2), jobs.flush()).await;
    assert!(left.is_err());
    assert_eq!(jobs.history_status().waiting_events, 40);
    assert_eq!(file.0.exists(), replacement.is_some(), "nothing creates it");

    fs::rename(&away.0, &file.0).unwrap();
    timeout(Duration::from_secs(10), jobs.flush())
        .await
        .unwrap();
    until("the check succeeds", async || check().await.is_ok()).await;
    let stats = jobs.stats("work").await.unwrap().unwrap();
    let lost = stats.count(RunStatus::Lost);
    assert_eq!((stats.total_runs(), lost), (25, 0));
    for operation in ["renew leases", "write runs"] {
        let line = format!("cannot {operation}");
        assert_eq!(log.count(&line), 1, "{}", log.text());
    }
}

#[tokio::test]
async fn runs_wait_for_a_file_that_was_moved() {
    runs_wait_for_the_file("moved", None, "deleted or moved").await;
}

#[tokio::test]
async fn runs_wait_for_a_file_that_was_replaced() {
    runs_wait_for_the_file("replaced", Some(b""), "replaced").await;
}

#[tokio::test]
async fn runs_wait_after_their_file_was_deleted() {
    let (log, _guard) = Log::of_this_thread();
    let file = File::new("deleted");
    let builder = Jobs::builder().history(file.history());
    let jobs = builder.lease(Duration::from_secs(1)).run().unwrap();
    run(&jobs, 5).await;
    jobs.flush().await;
    fs::remove_file(&file.0).unwrap();
    let check = jobs.health_check();
    let path = file.0.display();
    let problem = format!("the file {path} was deleted or moved while it was open");
    until("the check names the file", async || {
        check()
            .await
            .is_err_and(|message| message.contains(&problem))
    })
    .await;
    run(&jobs, 20).await;
    let left = timeout(Duration::from_secs(2), jobs.flush()).await;
    assert!(left.is_err());
    assert_eq!(jobs.history_status().waiting_events, 40);
    assert!(!file.0.exists(), "nothing creates it");
    for operation in ["renew leases", "write runs"] {
        let line = format!("cannot {operation}");
        assert_eq!(log.count(&line), 1, "{}", log.text());
    }
}
