//! `OpenFile`: a database in a file that may be deleted, moved or replaced while it is open.

use std::fmt;
use std::sync::Arc;

use sqlx::Database;
use tokio::sync::futures::Notified;

use super::mirror::Mirror;
use crate::error::Error;
use crate::sql::{DbFuture, Pools};

pub(super) trait OpenFile<D: Database>: fmt::Debug + Send + Sync {
    /// Fails while the file at its path is not the one that was opened, or not complete yet.
    fn check(&self) -> Result<(), Error>;

    /// Notes a call that succeeded.
    fn used(&self);

    /// Ends when a connection finds that the file was lost. sqlx would connect again for as long as the pool lets it.
    fn lost(&self) -> Notified<'_>;

    /// What a new file gets. `None` if none is to be created.
    fn mirror(&self) -> Option<&Mirror>;

    /// Replaces the pools by those of the file at the path, which is created if it is missing. No other call is under way. Does
    /// nothing if a call before has done it, and was not completed.
    fn reopen<'a>(&'a self, pools: &'a mut Pools<D>) -> DbFuture<'a, ()>;

    /// Notes and reports that the file that was reopened has everything.
    fn completed(&self);

    /// Returns the same file, which is recreated or not.
    #[cfg_attr(
        not(feature = "jobs-sqlite"),
        expect(dead_code, reason = "other databases have no file")
    )]
    fn with_recreation(&self, recreate: bool) -> Arc<dyn OpenFile<D>>;
}
