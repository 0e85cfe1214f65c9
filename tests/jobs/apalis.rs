//! A worker of apalis, with `JobLayer` among its layers: what it runs is known as runs of a job.

use std::future::pending;

use crate::support::{recorder, until};
use apalis::prelude::*;
use serde_json::json;
use tower_vitals::jobs::{Job, JobLayer, Jobs, RunQuery, RunRecord, RunStatus};

const MAIL: Job = Job::named("send_mail");

/// A task.
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

/// In the order in which they began.
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
        // Layers that are added later are further in: the panics go through ours and are caught here.
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
    let taken = reader.take();
    let count = |status| {
        let labels = [("job_name", "send_mail"), ("status", status)];
        taken.counter("scheduler_jobs_total", &labels)
    };
    assert_eq!((count("success"), count("failed")), (4, 3));
    assert_eq!(taken.counter("scheduler_jobs_total", &[]), 7);
    let durations = taken.samples("scheduler_job_duration_seconds", &[]);
    assert_eq!(durations.len(), 7);
    assert_eq!(taken.gauge("scheduler_jobs_in_progress", &[]), 0.0);
}

/// Nobody catches it, so it ends the worker, and with it the tasks that were beside it.
#[tokio::test]
async fn a_worker_that_panics_has_cancelled_what_was_under_way() {
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

/// Each task of the worker is one of tokio, too.
#[tokio::test]
async fn tasks_that_are_spawned_are_described_by_what_they_carry() {
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
    let described: Vec<_> = runs.iter().map(|run| json!(run.metadata)).collect();
    assert_eq!(
        described,
        [json!({"is_last": false}), json!({"is_last": true})]
    );
}

#[tokio::test]
async fn a_worker_that_is_aborted_has_cancelled_what_was_under_way() {
    let jobs = Jobs::builder().run().unwrap();
    let worker = WorkerBuilder::new("mailer")
        .backend(queue(&[Mail::Waiting, Mail::Sent]).await)
        .layer(JobLayer::new(jobs.clone(), MAIL))
        .build(send);
    let worker = tokio::spawn(worker.run());
    until("one is sent, one waits", async || {
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
