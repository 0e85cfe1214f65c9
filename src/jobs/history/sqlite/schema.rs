//! The tables, and how those of an older version become them.

use sqlx::{AssertSqlSafe, SqliteConnection};

/// Each brings the tables one version further. They are only ever added to.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE job_runs (
        id TEXT NOT NULL PRIMARY KEY,
        job_name TEXT NOT NULL,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        status TEXT NOT NULL,
        duration_seconds REAL,
        error_message TEXT,
        metadata TEXT NOT NULL,
        instance TEXT NOT NULL,
        lease_until REAL
    ) WITHOUT ROWID;
    CREATE INDEX job_runs_by_start ON job_runs (started_at, id);
    CREATE INDEX job_runs_by_job ON job_runs (job_name, started_at, id);
    CREATE INDEX job_runs_by_status ON job_runs (status, started_at, id);
    CREATE INDEX job_runs_by_job_and_status ON job_runs (job_name, status, started_at, id, duration_seconds);
    CREATE TABLE job_run_totals (
        job_name TEXT NOT NULL,
        status TEXT NOT NULL,
        runs INTEGER NOT NULL,
        seconds REAL NOT NULL,
        PRIMARY KEY (job_name, status)
    ) WITHOUT ROWID;
",
    "
    ALTER TABLE job_runs ADD COLUMN was_there INTEGER NOT NULL DEFAULT FALSE;
    CREATE TABLE job_standings (
        job_name TEXT NOT NULL PRIMARY KEY,
        known_since REAL NOT NULL,
        schedule TEXT,
        registered_at REAL,
        last_start REAL,
        started_at REAL,
        failures_in_a_row INTEGER NOT NULL DEFAULT 0,
        streak INTEGER NOT NULL DEFAULT 0,
        last_failure REAL
    ) WITHOUT ROWID;
    INSERT INTO job_standings (job_name, known_since, last_start, started_at)
        SELECT job_name, unixepoch('subsec'), unixepoch(MAX(started_at), 'subsec'), unixepoch(MAX(started_at), 'subsec')
        FROM job_runs GROUP BY job_name;
    CREATE TABLE job_problems (
        job_name TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        since REAL NOT NULL,
        run_id TEXT,
        message TEXT NOT NULL,
        last_start REAL,
        streak INTEGER NOT NULL,
        resolved_at REAL,
        resolved_by TEXT,
        PRIMARY KEY (job_name, kind)
    ) WITHOUT ROWID;
",
];

/// Within a transaction that holds the file for writing, so that of two that start at once one waits, and finds it done.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS job_run_migrations (version INTEGER NOT NULL PRIMARY KEY)",
    )
    .execute(&mut *connection)
    .await?;
    let done: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM job_run_migrations")
        .fetch_one(&mut *connection)
        .await?;
    // Of a newer version of this crate there may be more: forward only.
    let done = usize::try_from(done).unwrap_or(0);
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        sqlx::raw_sql(AssertSqlSafe(*migration))
            .execute(&mut *connection)
            .await?;
        sqlx::query("INSERT INTO job_run_migrations (version) VALUES ($1)")
            .bind(i64::try_from(at + 1).unwrap_or(i64::MAX))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Connection, Row};

    /// What was kept by the first version is there in this one, and its last starts are known.
    #[tokio::test]
    async fn a_file_of_an_older_version_becomes_one_of_this() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let first = "CREATE TABLE job_run_migrations (version INTEGER NOT NULL PRIMARY KEY);
            INSERT INTO job_run_migrations VALUES (1);
            INSERT INTO job_runs VALUES ('0', 'nightly', '2026-01-01T00:00:01.500000Z', NULL, 'running', NULL, NULL, '{}',
                'shop-1', 1.0);";
        for sql in [MIGRATIONS[0], first] {
            sqlx::raw_sql(sql).execute(&mut file).await.unwrap();
        }
        for _ in 0..2 {
            migrate(&mut file).await.unwrap();
            let rows =
                sqlx::query("SELECT job_name, last_start, failures_in_a_row FROM job_standings");
            let rows = rows.fetch_all(&mut file).await.unwrap();
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].get::<String, _>(0), "nightly");
            assert!((rows[0].get::<f64, _>(1) - 1_767_225_601.5).abs() < 0.001);
            assert_eq!(rows[0].get::<i64, _>(2), 0);
        }
        let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM job_run_migrations")
            .fetch_all(&mut file)
            .await
            .unwrap();
        assert_eq!(versions, [1, 2]);
    }
}
