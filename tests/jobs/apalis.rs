//! `JobLayer` in an apalis worker: each task is a run of a job.

use std::future::pending;

use crate::support::{recorder, until};
use apalis::prelude::*;
use serde_json::json;
use tower_vitals::jobs::{Job, JobLayer, Jobs, RunQuery, RunRecord, RunStatus};

const MAIL: Job = Job::named("send_mail");

#[derive(Clone, Copy)]
enum Mail {
    Sent,
    Refused,
    Panicking,
    Waiting,
    Last,
}

async fn send(mail: Mail, worker: WorkerContext) -> Result<(), BoxDynError> {
    tokio::task::yield_now().await;
    match mail {
        Mail::Sent => Ok(()),
        Mail::Refused => Err("no route to smtp://shop:planted@relay".into()),
        Mail::Panicking => panic!("an address without a host"),
        Mail::Waiting => pending().await,
        Mail::Last => Ok(worker.stop()?),
    }
}

async fn queue(mails: &[Mail]) -> MemoryStorage<Mail> {
    let mut storage = MemoryStorage::new();
    for mail in mails {
        storage.push(*mail).await.unwrap();
    }
    storage
}

/// The runs in the order of their starts.
async fn runs(jobs: &Jobs) -> Vec<RunRecord> {
    jobs.flush().await;
    let mut runs = jobs.runs(&RunQuery::new().limit(1000)).await.unwrap();
    assert!(runs.iter().all(|run| run.job_name == "send_mail"));
    runs.reverse();
    runs
}

fn ends(runs: &[RunRecord]) -> Vec<(RunStatus, Option<&str>)> {
    let ends = runs.iter();
    ends.map(|run| (run.status, run.error_message.as_deref()))
        .collect()
}

#[tokio::test]
async fn each_task_of_a_worker_is_one_run() {
    let (recorder, reader) = recorder();
    let jobs = Jobs::builder().recorder(recorder).run().unwrap();
    let mails = [
        Mail::Sent,
        Mail::Refused,
        Mail::Panicking,
        Mail::Sent,
        Mail::Panicking,
        Mail::Sent,
        Mail::Last,
    ];
    let worker = WorkerBuilder::new("mailer")
        .backend(queue(&mails).await)
        // A later layer is an inner one: `JobLayer` passes the panic on, and it is caught here.
        .catch_panic()
        .layer(JobLayer::new(jobs.clone(), MAIL))
        .build(send);
    worker.run().await.unwrap();

    let success = (RunStatus::Success, None);
    let refused = "no route to smtp://shop:[redacted]@relay";
    let refused = (RunStatus::Failed, Some(refused));
    let panicked = "panicked: an address without a host";
    let panicked = (RunStatus::Failed, Some(panicked));
    assert_eq!(
        ends(&runs(&jobs).await),
        [
            success, refused, panicked, success, panicked, success, success
        ]
    );
    let metrics = reader.take();
    let count = |status| {
        let labels = [("job_name", "send_mail"), ("status", status)];
        metrics.counter("scheduler_jobs_total", &labels)
    };
    assert_eq!((count("success"), count("failed")), (4, 3));
    assert_eq!(metrics.counter("scheduler_jobs_total", &[]), 7);
    let durations = metrics.samples("scheduler_job_duration_seconds", &[]);
    assert_eq!(durations.len(), 7);
    assert_eq!(metrics.gauge("scheduler_jobs_in_progress", &[]), 0.0);
}

/// An uncaught panic ends the worker and its other tasks.
#[tokio::test]
async fn a_panicking_worker_cancels_its_running_tasks() {
    let jobs = Jobs::builder().run().unwrap();
    let worker = WorkerBuilder::new("mailer")
        .backend(queue(&[Mail::Waiting, Mail::Panicking]).await)
        .layer(JobLayer::new(jobs.clone(), MAIL))
        .build(send);
    let panic = tokio::spawn(worker.run()).await.unwrap_err();
    assert!(panic.is_panic());
    assert_eq!(
        ends(&runs(&jobs).await),
        [
            (RunStatus::Cancelled, None),
            (
                RunStatus::Failed,
                Some("panicked: an address without a host")
            ),
        ]
    );
}

/// Each task of the worker is a tokio task.
#[tokio::test]
async fn spawned_tasks_have_metadata_from_their_arguments() {
    let jobs = Jobs::builder().run().unwrap();
    let layer = JobLayer::new(jobs.clone(), MAIL).metadata(|task: &Task<Mail>| {
        let is_last = matches!(task.args, Mail::Last);
        json!({"is_last": is_last})
    });
    let worker = WorkerBuilder::new("mailer")
        .backend(queue(&[Mail::Sent, Mail::Last]).await)
        .layer(ParallelizeLayer::new(tokio::spawn))
        .layer(layer)
        .build(send);
    worker.run().await.unwrap();
    let runs = runs(&jobs).await;
    let success = (RunStatus::Success, None);
    assert_eq!(ends(&runs), [success, success]);
    let metadata: Vec<_> = runs.iter().map(|run| json!(run.metadata)).collect();
    assert_eq!(
        metadata,
        [json!({"is_last": false}), json!({"is_last": true})]
    );
}

#[tokio::test]
async fn an_aborted_worker_cancels_its_running_tasks() {
    let jobs = Jobs::builder().run().unwrap();
    let worker = WorkerBuilder::new("mailer")
        .backend(queue(&[Mail::Waiting, Mail::Sent]).await)
        .layer(JobLayer::new(jobs.clone(), MAIL))
        .build(send);
    let worker = tokio::spawn(worker.run());
    until("one task has ended, one waits", async || {
        ends(&runs(&jobs).await) == [(RunStatus::Running, None), (RunStatus::Success, None)]
    })
    .await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    assert_eq!(
        ends(&runs(&jobs).await),
        [(RunStatus::Cancelled, None), (RunStatus::Success, None)]
    );
}
