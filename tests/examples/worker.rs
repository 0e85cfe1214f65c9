//! The worker: `Monitoring` in a program without HTTP of its own.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::example::{Example, path};
use crate::{exit_code, is_ready, send, terminate, until};

#[tokio::test]
async fn it_shows_its_runs_behind_the_token_and_ends_at_once() {
    let mut command = Command::new(path("worker"));
    command.env("MONITORING_TOKEN", "correct-horse");
    let mut worker = Example::start_command(&mut command);
    is_ready(&worker).await;
    let jobs = format!("{}/jobs", worker.url);
    assert_eq!(send("GET", &jobs, "").await.0, 401);
    until("a run has ended", async || {
        let (status, body) = send("GET", &jobs, "authorization: Bearer correct-horse\r\n").await;
        assert_eq!(status, 200, "{body}");
        body.contains(r#""job_name":"thumbnails","last_run":{"#)
            && body.contains(r#""status":"success""#)
    })
    .await;
    // The page asks for the token itself.
    let page = format!("{}/dashboard", worker.url);
    assert_eq!(send("GET", &page, "").await.0, 200);
    let (_, metrics) = send("GET", &format!("{}/metrics", worker.url), "").await;
    let runs = r#"scheduler_jobs_total{job_name="thumbnails",status="success"}"#;
    assert!(metrics.contains(runs), "{metrics}");
    let started = Instant::now();
    terminate(&worker);
    assert_eq!(exit_code(&mut worker).await, Some(0));
    // Without the delay for load balancers.
    assert!(started.elapsed() < Duration::from_secs(5));
}
