//! Where runs and problems are kept: the traits of a store, and the stores of this crate.

mod history;
mod job_state;
mod job_stats;
mod memory;
mod problem_store;
mod registration;
mod retention;
mod run_query;
mod run_store;
mod run_totals;
#[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
mod sql;
mod state_delta;
pub mod store;

pub use self::history::History;
pub use self::job_state::{JobState, JobStates};
pub use self::job_stats::JobStats;
pub use self::memory::MemoryHistory;
pub use self::problem_store::ProblemStore;
pub use self::registration::Registration;
pub use self::retention::Retention;
pub use self::run_query::RunQuery;
pub use self::run_store::RunStore;
pub use self::run_totals::RunTotals;
#[cfg(feature = "jobs-postgres")]
pub use self::sql::PostgresHistory;
#[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
pub use self::sql::SqlHistory;
#[cfg(feature = "jobs-sqlite")]
pub use self::sql::SqliteHistory;
pub use self::state_delta::StateDelta;
