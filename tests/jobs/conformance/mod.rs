// Checks whether a store keeps the promises of `RunStore` and `ProblemStore`.
//
// Copy this folder into your own tests, and call `check` in a test of your store:
//
//     mod conformance;
//
//     #[tokio::test]
//     async fn my_store_conforms() -> Result<(), conformance::Violation> {
//         conformance::check(async || MyStore::new()).await
//     }
//
// It needs the crates serde_json and tokio (features `macros`, `rt` and `time`). Each promise is also a function of its own,
// which takes an empty and prepared store. This file has no `//!` lines, because the doc test of `jobs::store` includes it.

pub(crate) mod fixtures;
mod job_states;
mod leases;
mod problems;
mod queries;
mod runs;
pub(crate) mod violation;

use tower_vitals::Error;
use tower_vitals::jobs::History;

pub(crate) use self::job_states::{job_states_follow_runs, starts_without_a_run_are_registered};
pub(crate) use self::leases::{expired_leases_are_reported_once, renewed_leases_do_not_expire};
pub(crate) use self::problems::problems_are_reported_and_resolved_once;
pub(crate) use self::queries::{
    pages_are_complete_while_runs_arrive, queries_return_matching_runs, stats_cover_all_runs,
};
pub(crate) use self::runs::{
    any_text_and_number_is_stored, concurrent_writers_lose_nothing, ended_runs_never_change,
    retention_removes_the_oldest_first, runs_are_read_as_they_were_written,
    sql_in_texts_is_not_executed,
};
pub(crate) use self::violation::Violation;

/// Checks every promise, each on a new and empty store, which it prepares.
///
/// # Errors
///
/// The store fails, or breaks a promise, which the error names.
pub(crate) async fn check<S: History>(new_store: impl AsyncFn() -> S) -> Result<(), Violation> {
    let prepared = async || -> Result<S, Error> {
        let store = new_store().await;
        store.prepare().await?;
        Ok(store)
    };
    runs_are_read_as_they_were_written(prepared().await?).await?;
    ended_runs_never_change(prepared().await?).await?;
    queries_return_matching_runs(prepared().await?).await?;
    pages_are_complete_while_runs_arrive(prepared().await?).await?;
    stats_cover_all_runs(prepared().await?).await?;
    expired_leases_are_reported_once(prepared().await?).await?;
    renewed_leases_do_not_expire(prepared().await?).await?;
    retention_removes_the_oldest_first(prepared().await?).await?;
    concurrent_writers_lose_nothing(prepared().await?).await?;
    job_states_follow_runs(prepared().await?).await?;
    starts_without_a_run_are_registered(prepared().await?).await?;
    problems_are_reported_and_resolved_once(prepared().await?).await?;
    sql_in_texts_is_not_executed(prepared().await?).await?;
    any_text_and_number_is_stored(prepared().await?).await
}
