//! `Pools`: the connections to a database.

use sqlx::{Database, Pool};

#[derive(Debug)]
pub(super) struct Pools<D: Database> {
    pub(super) readers: Pool<D>,
    /// Readers never use it, unless the pool is a user's.
    pub(super) writer: Pool<D>,
}

impl<D: Database> Clone for Pools<D> {
    fn clone(&self) -> Self {
        Self {
            readers: self.readers.clone(),
            writer: self.writer.clone(),
        }
    }
}
