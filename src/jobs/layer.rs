//! `JobLayer`: a job whose runs are calls of a service.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use super::job::Job;
use super::monitored::Monitored;
use super::registry::Jobs;

/// Marker of a layer whose runs begin without metadata; the default.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct NoMetadata;

/// A [`tower::Layer`](tower_layer::Layer) that makes each call of a service one run of a job, as [`Jobs::monitor`] does with a
/// future. For what runs jobs by tower services, such as apalis.
///
/// It goes around any service whose error can be displayed, and changes neither the request nor the answer. The run begins
/// with the call, for work may begin there, and ends with the call's future: `Ok` is success, `Err` a failure with its
/// message, a panic a failure that goes on its way; dropped before it ended, polled or not, it was cancelled.
///
/// What is further out sees what the run gave, so a panic is caught and a failure tried again there, each attempt a run of its
/// own; a time limit there cancels. What is further in is a part of the run.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use apalis::prelude::*;
/// use tower_vitals::jobs::{Job, JobLayer, Jobs, RunQuery};
///
/// const MAIL: Job = Job::named("send_mail");
///
/// async fn send(address: String, worker: WorkerContext) -> Result<(), BoxDynError> {
///     // ...
///     Ok(worker.stop()?)
/// }
///
/// let jobs = Jobs::builder().job(MAIL).run()?;
/// let mut storage = MemoryStorage::new();
/// storage.push("ada@example.org".to_owned()).await?;
/// WorkerBuilder::new("mailer")
///     .backend(storage)
///     .catch_panic()
///     .layer(JobLayer::new(jobs.clone(), MAIL))
///     .build(send)
///     .run()
///     .await?;
/// # jobs.flush().await;
/// # assert_eq!(jobs.runs(&RunQuery::new()).await?.len(), 1);
/// # Ok(()) }
/// ```
///
/// The service is not given its [`Run`](super::Run): what it learns on its way is told by calling
/// [`Jobs::monitor_with`] within it, in place of this layer.
#[derive(Clone)]
#[must_use]
pub struct JobLayer<M = NoMetadata> {
    jobs: Jobs,
    job: Job,
    metadata: M,
}

impl JobLayer {
    /// Calls are runs of this job, registered or not.
    pub fn new(jobs: Jobs, job: Job) -> Self {
        Self {
            jobs,
            job,
            metadata: NoMetadata,
        }
    }

    /// Tells of each run, from its start, what is read of its request: an object; anything else is kept as `value`. Secrets
    /// are redacted before they are kept. Defaults to nothing, which is also told where the function panics.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::json;
    /// use tower::{ServiceBuilder, ServiceExt};
    /// use tower_vitals::jobs::{Job, JobLayer, Jobs, RunQuery};
    ///
    /// const RESIZE: Job = Job::named("resize");
    /// struct Image {
    ///     width: u32,
    /// }
    ///
    /// let jobs = Jobs::builder().run()?;
    /// let layer = JobLayer::new(jobs.clone(), RESIZE)
    ///     .metadata(|image: &Image| json!({"width": image.width}));
    /// let service = ServiceBuilder::new()
    ///     .layer(layer)
    ///     .service_fn(|image: Image| async move { Ok::<_, std::io::Error>(image.width / 2) });
    /// assert_eq!(service.oneshot(Image { width: 640 }).await?, 320);
    ///
    /// jobs.flush().await;
    /// let runs = jobs.runs(&RunQuery::new()).await?;
    /// assert_eq!(runs[0].metadata["width"], 640);
    /// # Ok(()) }
    /// ```
    pub fn metadata<R, F>(self, metadata: F) -> JobLayer<F>
    where
        F: Fn(&R) -> Value + Clone,
    {
        JobLayer {
            jobs: self.jobs,
            job: self.job,
            metadata,
        }
    }
}

impl<M> JobLayer<M> {
    fn begin<F>(&self, metadata: Value, call: impl FnOnce() -> F) -> JobFuture<F> {
        let mut monitored = Monitored::new(self.jobs.start_with(self.job, metadata));
        JobFuture {
            inner: monitored.watch(call),
            monitored,
        }
    }
}

impl<M> fmt::Debug for JobLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobLayer").field(&self.job.name()).finish()
    }
}

impl<S, M: Clone> Layer<S> for JobLayer<M> {
    type Service = JobService<S, M>;

    fn layer(&self, inner: S) -> JobService<S, M> {
        JobService {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service that [`JobLayer`] makes.
#[derive(Debug, Clone)]
pub struct JobService<S, M = NoMetadata> {
    inner: S,
    layer: JobLayer<M>,
}

impl<S, M> JobService<S, M> {
    /// The service inside.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, R> Service<R> for JobService<S, NoMetadata>
where
    S: Service<R, Error: fmt::Display>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = JobFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.layer.begin(Value::Null, || self.inner.call(request))
    }
}

impl<S, R, F> Service<R> for JobService<S, F>
where
    S: Service<R, Error: fmt::Display>,
    F: Fn(&R) -> Value,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = JobFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let metadata = catch_unwind(AssertUnwindSafe(|| (self.layer.metadata)(&request)));
        let metadata = metadata.unwrap_or_else(|_| {
            let job = self.layer.job.name();
            tracing::error!(job, "a function that reads metadata of a request panicked");
            Value::Null
        });
        self.layer.begin(metadata, || self.inner.call(request))
    }
}

pin_project! {
    /// The future of [`JobService`].
    #[must_use = "a future that is not awaited is cancelled"]
    pub struct JobFuture<F> {
        // Dropped first: what its drop does is a part of the run.
        #[pin]
        inner: F,
        monitored: Monitored,
    }
}

impl<F, T, E> Future for JobFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: fmt::Display,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.monitored.watch(|| this.inner.poll(cx)));
        Poll::Ready(this.monitored.end_with(result))
    }
}

impl<F> fmt::Debug for JobFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFuture").finish_non_exhaustive()
    }
}
