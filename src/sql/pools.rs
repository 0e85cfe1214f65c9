//! `Pools`: the connections to a database.

use sqlx::{Database, Pool};

#[derive(Debug)]
pub(crate) struct Pools<D: Database> {
    pub(crate) readers: Pool<D>,
    /// Writes and renews leases. Readers never use it, unless the pool is a user's.
    pub(crate) writer: Pool<D>,
}

impl<D: Database> Clone for Pools<D> {
    fn clone(&self) -> Self {
        Self {
            readers: self.readers.clone(),
            writer: self.writer.clone(),
        }
    }
}
