//! `Changes`: what goes wrong with jobs, and what is well again, as it is found.

use tokio::sync::broadcast;

use super::problem::Problem;
use crate::changes;

/// A problem began or ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// The problem. Of one that ended, as it was when it began.
    pub problem: Problem,
    /// Whether it ended.
    pub is_resolved: bool,
}

impl Change {
    pub(super) fn begin(problem: Problem) -> Self {
        Self {
            problem,
            is_resolved: false,
        }
    }

    pub(super) fn end(problem: &Problem) -> Self {
        Self {
            problem: problem.clone(),
            is_resolved: true,
        }
    }
}

/// What [`Jobs::subscribe`](super::Jobs::subscribe) gives.
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
/// let change = changes.next().await;
/// let change = change.map(|change| (change.problem.kind, change.problem.message));
/// let told = "failed 1 time in a row, the last with: no orders today".to_owned();
/// assert_eq!(change, Some((ProblemKind::Failing, told)));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Change>,
}

impl Changes {
    pub(super) fn new(receiver: broadcast::Receiver<Change>) -> Self {
        Self { receiver }
    }

    /// The next change; `None` once the last [`Jobs`](super::Jobs) is gone. Of a subscriber that is more than 256 changes
    /// behind the oldest are lost, which is logged.
    pub async fn next(&mut self) -> Option<Change> {
        changes::next(&mut self.receiver, "jobs").await
    }
}
