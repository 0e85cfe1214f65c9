//! Where runs are kept: the trait, and what is asked of it.

mod job_state;
mod memory;
#[cfg(feature = "jobs-postgres")]
mod postgres;
#[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
mod rows;
#[cfg(feature = "jobs-sqlite")]
mod sqlite;
mod stats;

use std::fmt;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use uuid::Uuid;

pub use self::job_state::{JobState, JobStates, Registration};
pub use self::memory::MemoryHistory;
#[cfg(feature = "jobs-postgres")]
pub use self::postgres::PostgresHistory;
#[cfg(feature = "jobs-sqlite")]
pub use self::sqlite::SqliteHistory;
pub use self::stats::JobStats;
use super::problem::Problem;
use super::run_record::RunRecord;
use super::run_status::RunStatus;
use crate::error::Error;

/// Keeps runs. Several instances of a service may share one.
///
/// The crate has three: in memory, in SQLite and in PostgreSQL. Whoever writes another keeps these promises, which the conformance
/// tests of the crate state: a run that has ended is never changed again, each expired lease is given to one caller only, and
/// leases go by the store's own clock, so that the clocks of instances may differ.
pub trait History: Send + Sync + fmt::Debug + 'static {
    /// Makes its tables. Called before anything else, and by several instances at once.
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Makes these jobs known, so that one that never runs is late all the same, also over a restart. One whose
    /// schedule is another than it was is known from now on. A [last start](Registration::last_start) is one as that of a run.
    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>>;

    /// Writes these runs of this instance, all or none. One that is there already is changed, unless it has ended. One that is running has
    /// a lease of this length from now.
    ///
    /// What is new in them changes how their jobs [stand](JobState), by the store's clock: a run's age is the same by all
    /// clocks. A run that was not there is a start; one that ended failed or lost is one more failure in a row; a success
    /// ends the row, unless it ended more than 10 s before the last failure, for it was written late then.
    ///
    /// An error of [`ErrorKind::Refused`](crate::ErrorKind::Refused) says that one of them will never be taken: each is
    /// tried alone then, what is refused alone without its message and metadata, and what is refused so is left out, and
    /// counted. Any other is tried again.
    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// A new lease for those of these that are running. Gives the time by the clock that leases go by. Also asked about none:
    /// it is to write something all the same, and to fail where that fails, for others can hardly renew theirs then.
    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>>;

    /// Ends the running ones whose lease had run out by this time, which a [renewal](Self::renew) gave, as
    /// [`RunStatus::Lost`], and gives those that this call ended. Should its answer not come, they are lost all the same, and
    /// told by nobody.
    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>>;

    /// The runs that a query asks for, the latest first.
    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>>;

    /// What is known of all runs of a job; none if there was none.
    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>>;

    /// The last run of each job, by name.
    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>>;

    /// How each job stands that is registered or has run.
    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>>;

    /// What is wrong with jobs, as far as it was reported and not resolved: by job, then by kind.
    fn problems(&self) -> BoxFuture<'_, Result<Vec<Problem>, Error>>;

    /// Keeps a problem that was seen at this time of the store's clock, if none of its job and kind is open. Gives whether it is
    /// news: not if one was resolved since it was seen. Asked again about the same report (by its id), it answers the same.
    fn report<'a>(
        &'a self,
        problem: &'a Problem,
        seen: SystemTime,
    ) -> BoxFuture<'a, Result<bool, Error>>;

    /// Ends a report, by its id. Gives whether this caller has ended it; asked again by the same, it answers the same.
    fn resolve<'a>(
        &'a self,
        problem: &'a Problem,
        caller: Uuid,
    ) -> BoxFuture<'a, Result<bool, Error>>;

    /// Removes ended runs that are kept too long, at most so many of them and never the last of a job, and gives how many it
    /// was.
    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        most: usize,
    ) -> BoxFuture<'a, Result<usize, Error>>;
}

/// Which runs are wanted.
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
    /// This one only.
    pub id: Option<Uuid>,
    /// Of this job only.
    pub job_name: Option<String>,
    /// Of this status only.
    pub status: Option<RunStatus>,
    /// That began at this time or later.
    pub since: Option<SystemTime>,
    /// At most so many.
    pub limit: usize,
    /// Runs before this one, which was the last of the page before: by its start, and of equal ones by its id.
    pub before: Option<(SystemTime, Uuid)>,
}

impl RunQuery {
    /// The last 50 runs.
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

    /// The run of this id only.
    pub fn id(mut self, id: Uuid) -> Self {
        self.id = Some(id);
        self
    }

    /// Of this job only.
    pub fn job_name(mut self, name: impl Into<String>) -> Self {
        self.job_name = Some(name.into());
        self
    }

    /// Of this status only.
    pub fn status(mut self, status: RunStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// That began at this time or later.
    pub fn since(mut self, since: SystemTime) -> Self {
        self.since = Some(since);
        self
    }

    /// At most so many: 1 to 1000, and what is outside is taken as the nearest. Defaults to 50.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit.clamp(1, 1000);
        self
    }

    /// To tell whether there is another page.
    #[cfg(feature = "axum")]
    pub(crate) fn one_more_than(mut self, limit: usize) -> Self {
        self.limit = limit.saturating_add(1);
        self
    }

    /// The page after the one that ended with this run.
    pub fn after(mut self, last: &RunRecord) -> Self {
        self.before = Some((last.started_at, last.id));
        self
    }

    /// Whether a run is among those asked for, the limit aside.
    pub(crate) fn wants(&self, run: &RunRecord) -> bool {
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

impl Default for RunQuery {
    fn default() -> Self {
        Self::new()
    }
}

/// How long ended runs are kept. The last run of a job is kept for ever: when it is expected next hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Retention {
    /// For so long after they began.
    pub age: Duration,
    /// So many of each job and status.
    pub count: usize,
}

impl Retention {
    /// For 30 days, and of each job and status the last 10,000.
    pub const fn new() -> Self {
        Self {
            age: Duration::from_hours(30 * 24),
            count: 10_000,
        }
    }

    /// For so long after they began. Defaults to 30 days.
    pub const fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// When what is kept began, at the earliest; the beginning of time, if that was long before it.
    pub(crate) fn oldest(&self) -> SystemTime {
        let oldest = SystemTime::now().checked_sub(self.age);
        oldest
            .unwrap_or(SystemTime::UNIX_EPOCH)
            .max(SystemTime::UNIX_EPOCH)
    }

    /// So many of each job and status, one at the least. Defaults to 10,000.
    pub const fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::new()
    }
}
