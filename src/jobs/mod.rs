//! Background jobs: every run known, how it ended, and how long it took, with a history that outlives the process.
//!
//! ```
//! use std::time::Duration;
//! use tower_vitals::jobs::{Job, Jobs};
//!
//! const SYNC: Job = Job::named("sync_orders").every(Duration::from_hours(24));
//!
//! # async fn fetch_orders() -> Result<u64, std::io::Error> { Ok(120) }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let jobs = Jobs::builder().job(SYNC).run()?;
//! let orders = jobs
//!     .monitor_with(SYNC, |run| async move {
//!         let orders = fetch_orders().await?;
//!         run.set("records_processed", orders);
//!         Ok::<_, std::io::Error>(orders)
//!     })
//!     .await?;
//! # assert_eq!(orders, 120);
//! jobs.shutdown(Duration::from_secs(5)).await?;
//! # Ok(()) }
//! ```
//!
//! A job never waits for its history and never fails because of it. What it does is measured at once; what the history is to
//! keep goes there by a queue, in batches, again and again until it is taken. A queue that is full counts what it has to
//! leave out (`monitoring_job_events_dropped_total`), and so does a history that will not take a run whatever of it is left
//! out.
//!
//! | history | keeps | for |
//! |---|---|---|
//! | [`MemoryHistory`] (default) | until the process ends | tests, and services that need no more |
//! | `SqliteHistory` (feature `jobs-sqlite`) | in a file | one machine |
//! | `PostgresHistory` (feature `jobs-postgres`) | in a database | many instances, one history |
//!
//! Jobs that run as calls of tower services, those of apalis among them, are monitored by a layer: [`JobLayer`].
//!
//! A run that is under way has a lease in the history, which its process renews. Should the process be gone, the lease runs
//! out, and the run is [`Lost`](RunStatus::Lost): by whichever instance sees it first, and once.
//!
//! What is expected of a [`Job`] and is not so is a [`Problem`]: told once to whoever [subscribed](Jobs::subscribe), also over
//! a restart and by many instances, and once more when it is well again.
//!
//! | problem | begins | ends |
//! |---|---|---|
//! | [`Late`](ProblemKind::Late) | it has not started by the time it was expected, nor within its [`grace`](Job::grace) | with its next start, or another schedule |
//! | [`Missed`](ProblemKind::Missed) | nor by the time after that | likewise |
//! | [`TooLong`](ProblemKind::TooLong) | a run takes longer than [`max_runtime`](Job::max_runtime) | with that run |
//! | [`Failing`](ProblemKind::Failing) | it failed or was lost [so many times](Job::failing_after) in a row | with its next success |
//!
//! They are in metrics (`scheduler_job_problem`, `scheduler_job_failures_in_a_row`,
//! `scheduler_job_expected_timestamp_seconds`), in `/jobs`, and in the service's health by [`Jobs::health_check`]. It is looked for
//! them every five seconds, so what is over sooner is not told, and first one [lease](Builder::lease) after the start, when
//! all instances have told what runs. Times are by the history's clock: those of instances may differ. What was wrong with a job
//! that no instance has had for a day is resolved, too.

mod ask;
mod builder;
mod changes;
mod check;
pub mod conformance;
mod contact;
mod history;
mod job;
mod keeper;
mod layer;
mod monitor;
mod monitored;
mod outlook;
mod plan;
mod problem;
mod queue;
mod record;
mod registered;
mod registry;
mod run;
mod summary;
mod watch;
mod writer;

pub use self::builder::Builder;
pub use self::changes::{ProblemChange, ProblemChanges};
#[cfg(feature = "jobs-postgres")]
pub use self::history::PostgresHistory;
#[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
pub use self::history::SqlHistory;
#[cfg(feature = "jobs-sqlite")]
pub use self::history::SqliteHistory;
pub use self::history::{History, JobStats, MemoryHistory, Retention, RunQuery, store};
pub use self::job::Job;
pub use self::layer::{JobFuture, JobLayer, JobService, NoMetadata};
pub use self::monitor::Monitor;
pub use self::problem::{Problem, ProblemKind};
pub use self::record::{RunRecord, RunStatus};
pub use self::registry::Jobs;
pub use self::run::{Run, StartedRun};
pub use self::summary::JobSummary;
pub use uuid::Uuid;
