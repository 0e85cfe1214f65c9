//! Background jobs: monitors every run, keeps a history of runs, and reports problems.
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
//! Jobs never wait for the history and never fail because of it. Runs are measured at once. Their starts and ends go to the
//! history through a bounded queue, in batches, and are retried until the history accepts them. Events are dropped if the
//! queue overflows, or if the history refuses a run even without its message and metadata; dropped events are counted
//! (`monitoring_job_events_dropped_total`).
//!
//! | history | storage | use |
//! |---|---|---|
//! | [`MemoryHistory`] (default) | memory, until the process ends | tests and simple services |
//! | `SqliteHistory` (feature `jobs-sqlite`) | a file | one machine |
//! | `PostgresHistory` (feature `jobs-postgres`) | a database | several instances that share a history |
//!
//! [`JobLayer`] monitors jobs that run as calls of tower services, such as those of apalis.
//!
//! A running run has a lease in the history, which its process renews. If the process dies, the lease expires, and the first
//! instance that notices marks the run [`Lost`](RunStatus::Lost). This happens once per run.
//!
//! A [`Problem`] is an expectation of a [`Job`] that is not met. [Subscribers](Jobs::subscribe) receive each problem once when
//! it begins and once when it ends, even across restarts and several instances.
//!
//! | problem | begins | ends |
//! |---|---|---|
//! | [`Late`](ProblemKind::Late) | the job has not started at the expected time, nor within its [`grace`](Job::grace) | with the next start, or a changed schedule |
//! | [`Missed`](ProblemKind::Missed) | nor by the following expected time | with the next start, or a changed schedule |
//! | [`TooLong`](ProblemKind::TooLong) | a run takes longer than [`max_runtime`](Job::max_runtime) | with that run |
//! | [`Failing`](ProblemKind::Failing) | runs failed or were lost [several times](Job::failing_after) in a row | with the next success |
//!
//! Problems are shown in metrics (`scheduler_job_problem`, `scheduler_job_failures_in_a_row`,
//! `scheduler_job_expected_timestamp_seconds`), in `/jobs`, and in the service's health through [`Jobs::health_check`]. Jobs are
//! evaluated every five seconds, so shorter problems are not reported. The first evaluation is one
//! [lease](JobsBuilder::lease) after the start, when all instances have written their events. Times are by the history's clock,
//! because the clocks of instances may differ. The problems of a job that no instance has had for a day are resolved.

mod builder;
pub mod conformance;
mod due;
mod evaluator;
mod handle;
mod history;
mod job;
mod job_entry;
mod jobs;
mod layer;
mod lease_watch;
mod monitor;
mod problem;
mod problem_changes;
mod queue;
mod registry;
mod run;
mod run_guard;
mod run_handle;
mod run_record;
mod run_status;
mod schedule;
mod state;
mod store_call;
mod summary;
mod tasks;
mod writer;

pub use self::builder::JobsBuilder;
#[cfg(feature = "jobs-postgres")]
pub use self::history::PostgresHistory;
#[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
pub use self::history::SqlHistory;
#[cfg(feature = "jobs-sqlite")]
pub use self::history::SqliteHistory;
pub use self::history::{History, JobStats, MemoryHistory, Retention, RunQuery, store};
pub use self::job::Job;
pub use self::jobs::Jobs;
pub use self::layer::{JobFuture, JobLayer, JobService, NoMetadata};
pub use self::monitor::Monitor;
pub use self::problem::{Problem, ProblemKind};
pub use self::problem_changes::{ProblemChange, ProblemChanges};
pub use self::run::Run;
pub use self::run_handle::RunHandle;
pub use self::run_record::RunRecord;
pub use self::run_status::RunStatus;
pub use self::summary::JobSummary;
pub use uuid::Uuid;
