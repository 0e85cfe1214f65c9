//! Checks whether a store keeps the promises of [`RunStore`](super::store::RunStore) and
//! [`ProblemStore`](super::store::ProblemStore).
//!
//! Call [`check`] in a test of your own store:
//!
//! ```
//! use tower_vitals::jobs::{MemoryHistory, conformance};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), conformance::Violation> {
//! conformance::check(async || MemoryHistory::new()).await?;
//! # Ok(()) }
//! ```
//!
//! Each promise is also a function of its own, so that it can be a test of its own. The store that it is given must be empty
//! and [prepared](super::store::RunStore::prepare).

mod check;
mod fixtures;
mod job_states;
mod leases;
mod problems;
mod queries;
mod runs;
mod violation;

pub use self::check::check;
pub use self::job_states::{job_states_follow_runs, starts_without_a_run_are_registered};
pub use self::leases::{expired_leases_are_reported_once, renewed_leases_do_not_expire};
pub use self::problems::problems_are_reported_and_resolved_once;
pub use self::queries::{
    pages_are_complete_while_runs_arrive, queries_return_matching_runs, stats_cover_all_runs,
};
pub use self::runs::{
    any_text_and_number_is_stored, concurrent_writers_lose_nothing, ended_runs_never_change,
    retention_removes_the_oldest_first, runs_are_read_as_they_were_written,
    sql_in_texts_is_not_executed,
};
pub use self::violation::Violation;
