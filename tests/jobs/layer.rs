//! `JobLayer`: each call of a service is one run of a job, and the call is passed through unchanged.

use std::fmt;
use std::future::{Ready, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::support::{BoxError, Reader, recorder};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use serde_json::{Map, json};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_vitals::jobs::{Job, JobLayer, Jobs, RunQuery, RunRecord, RunStatus};

const IMPORT: Job = Job::named("import");

fn jobs() -> (Jobs, Reader) {
    let (recorder, reader) = recorder();
    let jobs = Jobs::builder().recorder(recorder).run().unwrap();
    (jobs, reader)
}

/// The runs in the order of their starts.
async fn runs(jobs: &Jobs) -> Vec<RunRecord> {
    jobs.flush().await;
    let mut runs = jobs.runs(&RunQuery::new()).await.unwrap();
    runs.reverse();
    runs
}

/// There is one run of the job, counted once under this status, with one duration and nothing in progress.
async fn assert_one_run(jobs: &Jobs, reader: &Reader, status: RunStatus, error: Option<&str>) {
    let runs = runs(jobs).await;
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!(
        (
            &*runs[0].job_name,
            runs[0].status,
            runs[0].error_message.as_deref()
        ),
        ("import", status, error)
    );
    let metrics = reader.take();
    let labels = [("job_name", "import"), ("status", status.as_str())];
    assert_eq!(metrics.counter("scheduler_jobs_total", &labels), 1);
    assert_eq!(metrics.counter("scheduler_jobs_total", &[]), 1);
    let durations = metrics.samples("scheduler_job_duration_seconds", &[]);
    assert_eq!(durations.len(), 1);
    assert_eq!(metrics.gauge("scheduler_jobs_in_progress", &[]), 0.0);
}

/// Implements `Display`, but not `Error`, `Debug` or `Clone`.
struct Refusal(Arc<()>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no route to redis://:planted@host")
    }
}

#[tokio::test]
async fn a_response_is_returned_unchanged_and_the_run_is_a_success() {
    let (jobs, reader) = jobs();
    let service = service_fn(|cents: u32| ready(Ok::<_, Refusal>(Box::new(cents))));
    let response = JobLayer::new(jobs.clone(), IMPORT)
        .layer(service)
        .oneshot(42);
    assert_eq!(response.await.ok(), Some(Box::new(42)));
    assert_one_run(&jobs, &reader, RunStatus::Success, None).await;
}

#[tokio::test]
async fn an_error_is_returned_unchanged_and_recorded_without_secrets() {
    let (jobs, reader) = jobs();
    let same = Arc::new(());
    let inner = Arc::clone(&same);
    let service = service_fn(move |()| ready(Err::<(), _>(Refusal(Arc::clone(&inner)))));
    let response = JobLayer::new(jobs.clone(), IMPORT)
        .layer(service)
        .oneshot(());
    let error = response.await.err().unwrap();
    assert!(Arc::ptr_eq(&error.0, &same));
    let message = "no route to redis://[redacted]@host";
    assert_one_run(&jobs, &reader, RunStatus::Failed, Some(message)).await;
}

/// apalis and most of tower use boxed errors.
#[tokio::test]
async fn a_boxed_error_is_recorded_by_its_message() {
    let (jobs, reader) = jobs();
    let service = service_fn(|()| ready(Err::<(), BoxError>("disk full".into())));
    let service = JobLayer::new(jobs.clone(), IMPORT).layer(service);
    let response = tokio::spawn(service.oneshot(())).await.unwrap();
    assert_eq!(response.unwrap_err().to_string(), "disk full");
    assert_one_run(&jobs, &reader, RunStatus::Failed, Some("disk full")).await;
}

#[derive(Clone, Copy)]
enum Behavior {
    PanicInCall,
    PanicInPoll,
    Wait,
}

/// Not `Clone`, and ready only when polled a second time.
struct Awkward {
    behavior: Behavior,
    is_ready: bool,
}

impl Awkward {
    fn new(behavior: Behavior) -> Self {
        Self {
            behavior,
            is_ready: false,
        }
    }
}

impl Service<()> for Awkward {
    type Response = ();
    type Error = &'static str;
    type Future = BoxFuture<'static, Result<(), &'static str>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        if !std::mem::replace(&mut self.is_ready, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(
            std::mem::take(&mut self.is_ready),
            "called before it was ready"
        );
        match self.behavior {
            Behavior::PanicInCall => panic!("boom in call"),
            Behavior::PanicInPoll => Box::pin(async { panic!("boom in poll") }),
            Behavior::Wait => Box::pin(pending()),
        }
    }
}

#[tokio::test]
async fn a_panic_is_passed_on_and_the_run_has_failed() {
    for (behavior, panic_message, error_message) in [
        (
            Behavior::PanicInCall,
            "boom in call",
            "panicked: boom in call",
        ),
        (
            Behavior::PanicInPoll,
            "boom in poll",
            "panicked: boom in poll",
        ),
    ] {
        let (jobs, reader) = jobs();
        let mut service = JobLayer::new(jobs.clone(), IMPORT).layer(Awkward::new(behavior));
        let ready = service.ready().await.unwrap();
        let call = AssertUnwindSafe(async { ready.call(()).await });
        let panic = call.catch_unwind().await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&panic_message));
        assert_one_run(&jobs, &reader, RunStatus::Failed, Some(error_message)).await;
    }
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_whether_it_was_polled_or_not() {
    for is_polled in [false, true] {
        let (jobs, reader) = jobs();
        let mut service = JobLayer::new(jobs.clone(), IMPORT).layer(Awkward::new(Behavior::Wait));
        let mut call = Box::pin(service.ready().await.unwrap().call(()));
        if is_polled {
            assert!(call.as_mut().now_or_never().is_none());
        }
        assert_eq!(runs(&jobs).await[0].status, RunStatus::Running);
        drop(call);
        assert_one_run(&jobs, &reader, RunStatus::Cancelled, None).await;
    }
}

/// A worker drops all of its calls if one of them panics.
#[tokio::test]
async fn a_call_dropped_by_another_ones_panic_is_cancelled() {
    let (jobs, _reader) = jobs();
    let layer = JobLayer::new(jobs.clone(), IMPORT);
    let mut waits = layer.layer(Awkward::new(Behavior::Wait));
    let mut panics = layer.layer(Awkward::new(Behavior::PanicInPoll));
    let waits = waits.ready().await.unwrap().call(());
    let panics = panics.ready().await.unwrap().call(());
    let worker = tokio::spawn(join(waits, panics));
    assert!(worker.await.unwrap_err().is_panic());
    let ends = runs(&jobs).await.into_iter();
    let ends: Vec<_> = ends.map(|run| (run.status, run.error_message)).collect();
    let message = "panicked: boom in poll".to_owned();
    assert_eq!(
        ends,
        [
            (RunStatus::Cancelled, None),
            (RunStatus::Failed, Some(message))
        ]
    );
}

/// A service of fixed readiness.
struct Fixed(Poll<Result<(), &'static str>>);

impl Service<()> for Fixed {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.0
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(()))
    }
}

#[tokio::test]
async fn readiness_is_passed_through_and_begins_no_run() {
    let (jobs, reader) = jobs();
    let cx = &mut Context::from_waker(Waker::noop());
    for readiness in [
        Poll::Pending,
        Poll::Ready(Ok(())),
        Poll::Ready(Err("closed")),
    ] {
        let mut service = JobLayer::new(jobs.clone(), IMPORT).layer(Fixed(readiness));
        assert_eq!(service.poll_ready(cx), readiness);
    }
    assert_eq!(runs(&jobs).await, []);
    assert_eq!(reader.take().counter("scheduler_jobs_total", &[]), 0);
}

#[tokio::test]
async fn a_clone_runs_the_same_job_and_an_outer_timeout_cancels() {
    let (jobs, reader) = jobs();
    let service = ServiceBuilder::new()
        .timeout(Duration::from_millis(5))
        .layer(JobLayer::new(jobs.clone(), IMPORT))
        .service_fn(|is_long: bool| async move {
            if is_long {
                pending::<()>().await;
            }
            Ok::<_, BoxError>(())
        });
    service.clone().oneshot(false).await.unwrap();
    service.oneshot(true).await.unwrap_err();
    let statuses: Vec<_> = runs(&jobs).await.iter().map(|run| run.status).collect();
    assert_eq!(statuses, [RunStatus::Success, RunStatus::Cancelled]);
    let metrics = reader.take();
    assert_eq!(metrics.counter("scheduler_jobs_total", &[]), 2);
    assert_eq!(metrics.gauge("scheduler_jobs_in_progress", &[]), 0.0);
}

#[tokio::test]
async fn metadata_is_read_from_the_request_and_recorded_at_the_start() {
    let (jobs, reader) = jobs();
    let layer = JobLayer::new(jobs.clone(), IMPORT).metadata(|order: &Order| {
        assert!(order.number > 0, "an order without a number");
        json!({"order": order.number, "api_key": "planted"})
    });
    let mut service = layer.layer(service_fn(|order: Order| ready(Ok::<_, String>(order))));
    let call = service.ready().await.unwrap().call(Order { number: 7 });
    let run = runs(&jobs).await.remove(0);
    let shown = json!({"order": 7, "api_key": "[redacted]"});
    assert_eq!(
        (run.status, json!(run.metadata)),
        (RunStatus::Running, shown.clone())
    );
    assert_eq!(call.await.unwrap().number, 7);
    let run = runs(&jobs).await.remove(0);
    assert_eq!(
        (run.status, json!(run.metadata)),
        (RunStatus::Success, shown)
    );

    // The work does not fail because its metadata could not be read.
    let call = catch_unwind(AssertUnwindSafe(|| service.call(Order { number: 0 })));
    assert_eq!(call.unwrap().await.unwrap().number, 0);
    let run = runs(&jobs).await.remove(1);
    assert_eq!((run.status, run.metadata), (RunStatus::Success, Map::new()));
    assert_eq!(reader.take().counter("scheduler_jobs_total", &[]), 2);
}

struct Order {
    number: u64,
}

#[test]
fn the_inner_service_is_accessible() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    let _entered = runtime.enter();
    let (jobs, _reader) = jobs();
    let mut service = JobLayer::new(jobs, IMPORT).layer(1);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (2, 2));
}
