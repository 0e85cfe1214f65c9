//! `Monitor`: the future returned by `Jobs::monitor`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use serde_json::Value;

use super::handle::Handle;
use super::job::Job;
use super::run::Run;
use super::run_handle::RunGuard;

pin_project! {
    /// The future returned by [`Jobs::monitor`](super::Jobs::monitor). Its run begins at the first poll.
    #[must_use = "the work does not run until this is awaited"]
    pub struct Monitor<W, F> {
        handle: Handle,
        job: Job,
        metadata: Value,
        // Dropped before the guard, because the drop of the work is part of the run.
        #[pin]
        work: Work<W, F>,
        run: Option<RunGuard>,
    }
}

pin_project! {
    #[project = WorkProjection]
    enum Work<W, F> {
        NotStarted { make: Option<W> },
        Running { #[pin] work: F },
        Done,
    }
}

impl<W, F> Monitor<W, F> {
    pub(super) fn new(handle: Handle, job: Job, make: W) -> Self {
        Self {
            handle,
            job,
            metadata: Value::Null,
            work: Work::NotStarted { make: Some(make) },
            run: None,
        }
    }

    /// Sets the run's initial metadata: an object, or a value that is stored as `value`. Secrets are redacted.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::json;
    /// use tower_vitals::jobs::{Job, Jobs};
    ///
    /// const IMPORT: Job = Job::named("import");
    /// let jobs = Jobs::builder().run()?;
    /// jobs.monitor(IMPORT, async { Ok::<_, std::io::Error>(()) })
    ///     .metadata(json!({"shop": 7}))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = metadata;
        self
    }
}

impl<W, F, T, E> Future for Monitor<W, F>
where
    W: FnOnce(Run) -> F,
    F: Future<Output = Result<T, E>>,
    E: fmt::Display,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let begin = || RunGuard::begin(this.handle.clone(), this.job.clone(), this.metadata.take());
        // The closure that makes the future and the drop of the future may panic too.
        this.run.get_or_insert_with(begin).poll(|run| {
            if let WorkProjection::NotStarted { make } = this.work.as_mut().project()
                && let Some(make) = make.take()
            {
                let work = make(run.clone());
                this.work.set(Work::Running { work });
            }
            let WorkProjection::Running { work } = this.work.as_mut().project() else {
                // Polled after the end, or after the closure panicked.
                return Poll::Pending;
            };
            let result = ready!(work.poll(cx));
            this.work.set(Work::Done);
            Poll::Ready(result)
        })
    }
}

impl<W, F> fmt::Debug for Monitor<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("job", &self.job.name())
            .finish_non_exhaustive()
    }
}
