//! `JobLayer`: makes each call of a service a run of a job.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use super::job::Job;
use super::jobs::Jobs;
use super::run_handle::RunGuard;
use crate::panics;

/// Marks a [`JobLayer`] whose runs begin without metadata. The default.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct NoMetadata;

/// A [`tower::Layer`](tower_layer::Layer) that makes each call of a service a run of a job, for libraries such as apalis that
/// run jobs as tower services.
///
/// It wraps any service whose error implements `Display`, and changes neither requests nor responses. A run begins with the
/// call and ends with the call's future: `Ok` is success and `Err` a failure. A panic is a failure too, and is passed on. A
/// future that is dropped before it ends is a cancelled run, even if it was never polled.
///
/// Outer layers see the outcome of the run: they can catch its panic, and a retry there starts another run. An outer timeout
/// cancels the run. Inner layers are part of the run.
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
/// The service does not receive its [`Run`](super::Run). To add metadata during the work, call [`Jobs::monitor_with`] inside
/// the service instead of using this layer.
#[derive(Clone)]
#[must_use]
pub struct JobLayer<M = NoMetadata> {
    jobs: Jobs,
    job: Job,
    metadata: M,
}

impl JobLayer {
    /// Creates a layer whose calls are runs of `job`, which need not be registered.
    pub fn new(jobs: Jobs, job: Job) -> Self {
        Self {
            jobs,
            job,
            metadata: NoMetadata,
        }
    }

    /// Sets each run's metadata from its request: an object, or a value that is stored as `value`. Secrets are redacted. If
    /// the function panics, the run has no metadata. Defaults to no metadata.
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
        let mut run = RunGuard::begin(self.jobs.0.clone(), self.job.clone(), metadata);
        JobFuture {
            inner: run.watch(|_| call()),
            run,
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

/// The service of [`JobLayer`].
#[derive(Debug, Clone)]
pub struct JobService<S, M = NoMetadata> {
    inner: S,
    layer: JobLayer<M>,
}

impl<S, M> JobService<S, M> {
    inner_service_accessors!(inner: S);
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
        let metadata = panics::caught_here(|| (self.layer.metadata)(&request));
        let metadata = metadata.unwrap_or_else(|_| {
            let job = self.layer.job.name();
            tracing::error!(job, "the function that reads a request's metadata panicked");
            Value::Null
        });
        self.layer.begin(metadata, || self.inner.call(request))
    }
}

pin_project! {
    /// The future of [`JobService`].
    #[must_use = "a call that is not awaited counts as cancelled"]
    pub struct JobFuture<F> {
        // Dropped before the guard, because the drop of the call is part of the run.
        #[pin]
        inner: F,
        run: RunGuard,
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
        this.run.poll(|_| this.inner.poll(cx))
    }
}

debug_fields!(JobFuture<F> {});
