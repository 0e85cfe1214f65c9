//! The stores of alerts: each keeps the promises of the contract, and handles its own failures.

/// Calls a macro with the promises of the contract, so that a store has a test for each.
macro_rules! for_each_promise {
    ($test:ident) => {
        $test! {
            a_ledger_that_was_never_written_is_empty
            documents_are_written_replaced_and_deleted
            the_outbox_keeps_its_order
            ledgers_are_apart
            any_text_is_stored
            large_documents_are_stored
            large_commits_are_stored
            names_and_documents_that_are_no_text_are_refused
            the_history_has_pages
            the_history_is_filtered
            the_history_is_bounded_by_count
            the_history_is_bounded_by_age
            a_lease_is_taken_renewed_and_released
            a_lease_ends_by_the_clock_of_the_store
            commits_without_the_lease_are_refused
            commits_at_once_are_complete
            events_in_doubt_are_stored_once
        }
    };
}

mod contract;
#[cfg(any(feature = "alerts-postgres", feature = "alerts-sqlite"))]
mod failures;
mod fixtures;
#[cfg(all(unix, feature = "alerts-sqlite"))]
mod kill;
mod memory;
#[cfg(feature = "alerts-postgres")]
mod postgres;
#[cfg(feature = "alerts-sqlite")]
mod sqlite;

#[cfg(feature = "alerts-postgres")]
pub(crate) use self::postgres::Database;
#[cfg(feature = "alerts-sqlite")]
pub(crate) use self::sqlite::File as SqliteFile;
