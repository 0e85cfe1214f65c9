//! The future of `Jobs::monitor`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use serde_json::Value;

use super::job::Job;
use super::monitored::Monitored;
use super::registry::Jobs;
use super::run::Run;

pin_project! {
    /// What [`Jobs::monitor`] gives: a run of a job, which begins when this is first polled.
    #[must_use = "nothing is run until this is awaited"]
    pub struct Monitor<W, F> {
        jobs: Jobs,
        job: Job,
        metadata: Value,
        // Dropped before the run ends: what its drop does is a part of the run.
        #[pin]
        work: Work<W, F>,
        run: Option<Monitored>,
    }
}

pin_project! {
    #[project = WorkProjection]
    enum Work<W, F> {
        // What makes it, taken when it begins.
        Ahead { make: Option<W> },
        Begun { #[pin] work: F },
        Over,
    }
}

impl<W, F> Monitor<W, F> {
    pub(super) fn new(jobs: Jobs, job: Job, make: W) -> Self {
        Self {
            jobs,
            job,
            metadata: Value::Null,
            work: Work::Ahead { make: Some(make) },
            run: None,
        }
    }

    /// What its history knows of the run from the start: an object; anything else is kept as `value`. Secrets are redacted
    /// before they are kept.
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
        if let WorkProjection::Ahead { make } = this.work.as_mut().project()
            && let Some(make) = make.take()
        {
            let started = this.jobs.start_with(*this.job, this.metadata.take());
            let run = this.run.insert(Monitored::new(started));
            let handle = run.run();
            // What makes the future may panic too.
            let work = run.watch(|| make(handle));
            this.work.set(Work::Begun { work });
        }
        let (WorkProjection::Begun { work }, Some(run)) =
            (this.work.as_mut().project(), this.run.as_mut())
        else {
            // Over, or making it panicked: whoever polls on waits in vain.
            return Poll::Pending;
        };
        let result = ready!(run.watch(|| work.poll(cx)));
        run.watch(|| this.work.set(Work::Over));
        Poll::Ready(run.end_with(result))
    }
}

impl<W, F> fmt::Debug for Monitor<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("job", &self.job.name())
            .finish_non_exhaustive()
    }
}
