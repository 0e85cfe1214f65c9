//! `AlertStore`: the place where alerts survive the process.

use std::time::Duration;

use futures_core::future::BoxFuture;

use super::commit::Commit;
use super::history_query::{HistoryPage, HistoryQuery};
use super::lease::Lease;
use super::saved::Saved;
use crate::error::Error;

/// The place where alerts survive the process.
///
/// A store holds ledgers. A ledger is the state of the alerts that one engine evaluates: documents, an outbox and a history.
/// Several engines may take turns on one ledger. Then the store leases it to one of them at a time, by its own clock.
pub trait AlertStore: Send + Sync + 'static {
    /// The kind, such as `sqlite`, for logs.
    fn kind(&self) -> &'static str;

    /// Whether several engines use the store at the same time. Each then has a ledger of its own, and rules with
    /// [`Scope::Shared`](crate::alerts::Scope::Shared) have one that they take turns on. The ledger `acts` holds silences and acts of
    /// people: nobody leases it, all engines read it at each evaluation, and any of them writes documents there with
    /// [`Lease::endless`]. Defaults to false.
    fn is_shared(&self) -> bool {
        false
    }

    /// Reads a ledger. One that was never written is empty.
    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>>;

    /// Writes all changes or none.
    ///
    /// Fails with [`ErrorKind::Refused`](crate::ErrorKind::Refused) if the commit names a lease that is over or that another engine
    /// holds.
    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>>;

    /// Reads a page of the history of a ledger, or of all ledgers.
    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>>;

    /// Takes a ledger or holds on to it for `ttl`, or returns `None` if another engine has it.
    ///
    /// Defaults to a lease without an end, which fits stores that one process has for itself.
    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        let _ = (ledger, holder, ttl);
        Box::pin(async { Ok(Some(Lease::endless())) })
    }

    /// Gives a lease back, so that another engine takes over at once.
    fn release<'a>(&'a self, ledger: &'a str, lease: Lease) -> BoxFuture<'a, Result<(), Error>> {
        let _ = (ledger, lease);
        Box::pin(async { Ok(()) })
    }

    /// The holder of a ledger and its lease, also if the lease is over. The engine gives back the lease of a process that it knows to
    /// have ended, so that a restart does not wait for its end.
    ///
    /// Defaults to `None`, so a ledger is taken over only at the end of the lease.
    fn holder<'a>(
        &'a self,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, Lease)>, Error>> {
        let _ = ledger;
        Box::pin(async { Ok(None) })
    }

    /// The number of rows that were skipped because this version of the crate cannot read them, since the start of the process.
    fn unreadable_rows(&self) -> u64 {
        0
    }
}
