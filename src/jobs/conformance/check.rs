//! `check`: all promises at once.

use super::{
    Violation, any_text_and_number_is_stored, concurrent_writers_lose_nothing,
    ended_runs_never_change, expired_leases_are_reported_once, job_states_follow_runs,
    pages_are_complete_while_runs_arrive, problems_are_reported_and_resolved_once,
    queries_return_matching_runs, renewed_leases_do_not_expire, retention_removes_the_oldest_first,
    runs_are_read_as_they_were_written, sql_in_texts_is_not_executed,
    starts_without_a_run_are_registered, stats_cover_all_runs,
};
use crate::error::Error;
use crate::jobs::History;

/// Checks every promise, each on a new and empty store, which it prepares.
///
/// # Errors
///
/// The store fails, or breaks a promise, which the error names.
pub async fn check<S: History>(new_store: impl AsyncFn() -> S) -> Result<(), Violation> {
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
