//! `RunQuery`: which runs are wanted.

use std::time::SystemTime;

use uuid::Uuid;

use crate::jobs::{RunRecord, RunStatus};

/// Selects runs.
///
/// ```
/// use tower_vitals::jobs::{RunQuery, RunStatus};
///
/// let failed = RunQuery::new().job_name("nightly").status(RunStatus::Failed).limit(10);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct RunQuery {
    /// Only the run with this id.
    pub id: Option<Uuid>,
    /// Only runs of this job.
    pub job_name: Option<String>,
    /// Only runs with this status.
    pub status: Option<RunStatus>,
    /// Only runs that started at this time or later.
    pub since: Option<SystemTime>,
    /// The maximum number of runs.
    pub limit: usize,
    /// Only runs before this one, the last of the previous page: ordered by start, then by id.
    pub before: Option<(SystemTime, Uuid)>,
}

impl RunQuery {
    /// Selects the last 50 runs.
    pub fn new() -> Self {
        Self {
            id: None,
            job_name: None,
            status: None,
            since: None,
            limit: 50,
            before: None,
        }
    }

    /// Selects only the run with this id.
    pub fn id(mut self, id: Uuid) -> Self {
        self.id = Some(id);
        self
    }

    /// Selects only runs of this job.
    pub fn job_name(mut self, name: impl Into<String>) -> Self {
        self.job_name = Some(name.into());
        self
    }

    /// Selects only runs with this status.
    pub fn status(mut self, status: RunStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Selects only runs that started at this time or later.
    pub fn since(mut self, since: SystemTime) -> Self {
        self.since = Some(since);
        self
    }

    /// Sets the maximum number of runs, clamped to 1 to 1000. Defaults to 50.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.clamp(1, 1000);
        self
    }

    /// Selects one run more than a page has, to see whether there is another page.
    #[cfg(feature = "axum")]
    pub(crate) fn one_more_than(mut self, limit: usize) -> Self {
        self.limit = limit.saturating_add(1);
        self
    }

    /// Selects the page after the one that ended with this run.
    pub fn after(mut self, last: &RunRecord) -> Self {
        self.before = Some((last.started_at, last.id));
        self
    }

    /// Returns whether a run matches, regardless of the limit.
    #[must_use]
    pub fn matches(&self, run: &RunRecord) -> bool {
        self.id.is_none_or(|id| id == run.id)
            && self
                .job_name
                .as_ref()
                .is_none_or(|name| *name == run.job_name)
            && self.status.is_none_or(|status| status == run.status)
            && self.since.is_none_or(|since| run.started_at >= since)
            && self
                .before
                .is_none_or(|before| (run.started_at, run.id) < before)
    }
}

default_is_new!(RunQuery);
