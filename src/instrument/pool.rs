//! `DatabaseConnections` of `sqlx` pools.

use std::time::Duration;

use sqlx::{Database, Pool};
use tokio::time::interval;

use super::DatabaseConnections;

impl DatabaseConnections {
    /// Records the number of open connections of this pool, the number of those in use, and the number that it may open.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), sqlx::Error> {
    /// use std::time::Duration;
    /// use tower_vitals::instrument::DatabaseConnections;
    ///
    /// # #[cfg(feature = "check-sqlite")] {
    /// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
    /// DatabaseConnections::new().sample(&pool);
    /// // Every 15 s until the pool is closed:
    /// tokio::spawn(DatabaseConnections::new().poll(pool, Duration::from_secs(15)));
    /// # }
    /// # Ok(()) }
    /// ```
    pub fn sample<DB: Database>(&self, pool: &Pool<DB>) {
        let open = usize::try_from(pool.size()).unwrap_or(usize::MAX);
        self.set(open, open.saturating_sub(pool.num_idle()));
        let max = pool.options().get_max_connections();
        self.set_max(usize::try_from(max).unwrap_or(usize::MAX));
    }

    /// [Samples](Self::sample) this pool every `period` (at least 1 ms) until the pool is closed.
    pub async fn poll<DB: Database>(self, pool: Pool<DB>, period: Duration) {
        let mut ticks = interval(period.max(Duration::from_millis(1)));
        while !pool.is_closed() {
            self.sample(&pool);
            ticks.tick().await;
        }
        self.set(0, 0);
    }
}
