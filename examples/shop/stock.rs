//! `Stock`: what the shop has, in SQLite.

use std::time::Duration;

use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use tower_vitals::instrument::Query;

#[derive(Clone)]
pub(crate) struct Stock {
    pool: SqlitePool,
    select: Query,
    update: Query,
}

impl Stock {
    pub(crate) async fn open(file: &str) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(1));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS stock (id INTEGER PRIMARY KEY, name TEXT NOT NULL, items INTEGER NOT NULL CHECK (items >= 0))")
            .execute(&pool)
            .await?;
        // The last name tries to be more than a text in a page that shows it.
        for (id, name) in [
            (1, "tea"),
            (2, "coffee"),
            (3, r#"<b onclick="alert(1)">cake</b>"#),
        ] {
            sqlx::query("INSERT INTO stock VALUES (?, ?, 200) ON CONFLICT DO NOTHING")
                .bind(id)
                .bind(name)
                .execute(&pool)
                .await?;
        }
        Ok(Self {
            pool,
            select: Query::new("select"),
            update: Query::new("update"),
        })
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Each product's id, name and number of items.
    pub(crate) async fn list(&self) -> sqlx::Result<Vec<(i64, String, i64)>> {
        let rows =
            sqlx::query("SELECT id, name, items FROM stock ORDER BY id").fetch_all(&self.pool);
        let rows = self.select.observe(rows).await?;
        rows.iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
            .collect()
    }

    /// Takes items, and returns the product's name. `None` if there are too few.
    pub(crate) async fn take(&self, id: i64, items: i64) -> sqlx::Result<Option<String>> {
        let row = sqlx::query(
            "UPDATE stock SET items = items - ? WHERE id = ? AND items >= ? RETURNING name",
        )
        .bind(items)
        .bind(id)
        .bind(items)
        .fetch_optional(&self.pool);
        let row = self.update.observe(row).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Puts items back.
    pub(crate) async fn put_back(&self, id: i64, items: i64) -> sqlx::Result<()> {
        let update = sqlx::query("UPDATE stock SET items = items + ? WHERE id = ?")
            .bind(items)
            .bind(id)
            .execute(&self.pool);
        self.update.observe(update).await?;
        Ok(())
    }
}

/// Fills the shelves up, and returns the number of new items.
pub(crate) async fn restock(pool: &SqlitePool) -> sqlx::Result<i64> {
    let missing = sqlx::query("SELECT SUM(200 - items) FROM stock")
        .fetch_one(pool)
        .await?;
    sqlx::query("UPDATE stock SET items = 200")
        .execute(pool)
        .await?;
    missing.try_get(0)
}
