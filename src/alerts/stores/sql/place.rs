//! `Place`: the location of a database, for messages.

use std::fmt;

use crate::error::Error;

/// The location of a database, without secrets.
pub(super) trait Place: fmt::Debug + Send + Sync {
    /// Its name, such as `SQLite (alerts.db)`.
    fn name(&self) -> String;

    /// Creates the database before its first use, if that is not the task of another.
    fn create(&self) {}

    /// Fails if the database is not at this place any more.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}
