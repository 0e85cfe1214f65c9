//! `ProblemChanges`: a stream of problems that begin and end.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::broadcast;

use super::problem::Problem;
use crate::broadcast::Subscription;

/// A problem that began or ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ProblemChange {
    /// The problem, as it was when it began.
    pub problem: Problem,
    /// Whether the problem ended.
    pub is_resolved: bool,
}

/// The stream returned by [`Jobs::subscribe`](super::Jobs::subscribe).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), tower_vitals::Error> {
/// use std::time::Duration;
/// use tower_vitals::jobs::{Job, Jobs, ProblemKind};
///
/// const IMPORT: Job = Job::named("import").failing_after(1);
/// let jobs = Jobs::builder().job(IMPORT).run()?;
/// let mut changes = jobs.subscribe();
/// let _ = jobs.monitor(IMPORT, async { Err::<(), _>("no orders today") }).await;
///
/// let problem = changes.next().await.map(|change| change.problem).unwrap();
/// assert_eq!(problem.kind, ProblemKind::Failing);
/// assert_eq!(problem.message, "failed 1 time in a row; last error: no orders today");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ProblemChanges {
    inner: Subscription<ProblemChange>,
}

impl ProblemChanges {
    pub(super) fn new(receiver: broadcast::Receiver<ProblemChange>) -> Self {
        Self {
            inner: Subscription::new(receiver, "jobs"),
        }
    }

    /// Returns the next change, or `None` once the last [`Jobs`](super::Jobs) is dropped. A subscriber that falls more than
    /// 256 changes behind loses the oldest ones, which is logged.
    pub async fn next(&mut self) -> Option<ProblemChange> {
        self.inner.next().await
    }
}

impl Stream for ProblemChanges {
    type Item = ProblemChange;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.poll_next(cx)
    }
}
