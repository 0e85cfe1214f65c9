//! Background jobs: monitors every run, keeps a history of runs, and reports problems.
//!
//! ```
//! use std::time::Duration;
//! use tower_vitals::jobs::{Job, Jobs};
//!
//! const SYNC: Job = Job::named("sync_orders").every(Duration::from_secs(24 * 60 * 60));
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
#![doc = include_str!("../../docs/jobs.md")]

mod builder;
mod clock_steps;
mod contact;
mod due;
mod evaluation;
mod evaluator;
mod handle;
mod history;
mod history_status;
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
mod run_handle;
mod run_id;
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
pub use self::history_status::HistoryStatus;
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
