//! Creates the tables, and updates those of an older version.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType};
use sqlx::{Connection, Pool, SqlSafeStr, Transaction};
use tokio::time::{Instant, sleep};

use super::columns::Columns;
use super::dialect::{Dialect, MigrationFile};
use super::fetch::Fetch;
use super::statement::Statement;

/// The table has the columns of sqlx's `Migrator`.
const TABLE: &str = "job_run_migrations";

pub(super) async fn prepare<D: Dialect>(pool: &Pool<D>) -> Result<(), sqlx::Error> {
    // Switching a new SQLite file to its write-ahead log does not wait for others that do the same.
    for _ in 0..50 {
        match migrate(pool).await {
            Err(error) if has_code(&error, D::is_busy) => sleep(Duration::from_millis(20)).await,
            result => return result,
        }
    }
    migrate(pool).await
}

pub(super) fn has_code(error: &sqlx::Error, matches: fn(&str) -> bool) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| matches(&code))
}

/// Of two instances that migrate at once, one waits and finds it done.
async fn migrate<D: Dialect>(pool: &Pool<D>) -> Result<(), sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    if let Some(lock) = D::MIGRATION_LOCK {
        Statement::new(lock).fetch(&mut transaction).await?;
    }
    let applied = apply(&mut transaction, D::MIGRATIONS).await;
    applied.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error,
        error => error.into(),
    })?;
    transaction.commit().await
}

/// Applies missing migrations. Ignores those of a newer version, so that an older one still works with its tables.
///
/// sqlx's `Migrator` would do the same with named statements and a lock of the session, which do not work behind PgBouncer.
async fn apply<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    files: &[MigrationFile],
) -> Result<(), MigrateError> {
    transaction.ensure_migrations_table(TABLE).await?;
    let applied = Statement::new("SELECT version, checksum FROM job_run_migrations");
    let applied = applied.fetch(transaction).await?;
    let applied = applied
        .iter()
        .map(|row| Ok((row.integer(0)?, row.bytes(1)?)));
    let applied: HashMap<_, _> = applied.collect::<Result<_, sqlx::Error>>()?;
    for (version, (name, sql)) in (1..).zip(files) {
        let kind = MigrationType::Simple;
        let migration = Migration::new(version, (*name).into(), kind, sql.into_sql_str(), false);
        match applied.get(&version) {
            Some(checksum) if *checksum != *migration.checksum => {
                return Err(MigrateError::VersionMismatch(version));
            }
            Some(_) => continue,
            None => {}
        }
        let began = Instant::now();
        transaction.run_script(sql).await?;
        Statement::new(
            "INSERT INTO job_run_migrations (version, description, success, checksum, execution_time) \
             VALUES ($1, $2, TRUE, $3, $4)",
        )
        .integer(version)
        .text((*name).to_owned())
        .bytes(&*migration.checksum)
        .integer(began.elapsed().as_nanos())
        .fetch(transaction)
        .await?;
    }
    Ok(())
}

#[cfg(feature = "jobs-sqlite")]
#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Row, Sqlite, SqliteConnection};

    async fn versions(file: &mut SqliteConnection) -> Vec<i64> {
        sqlx::query_scalar("SELECT version FROM job_run_migrations")
            .fetch_all(file)
            .await
            .unwrap()
    }

    async fn apply_to(
        file: &mut SqliteConnection,
        files: &[MigrationFile],
    ) -> Result<(), MigrateError> {
        let mut transaction = file.begin().await?;
        apply(&mut transaction, files).await?;
        Ok(transaction.commit().await?)
    }

    #[tokio::test]
    async fn tables_of_an_older_version_are_updated() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        apply_to(&mut file, &Sqlite::MIGRATIONS[..1]).await.unwrap();
        assert_eq!(versions(&mut file).await, [1]);
        let run = "INSERT INTO job_runs VALUES ('0', 'nightly', '2026-01-01T00:00:01.500000Z', NULL, 'running', NULL, \
                   NULL, '{}', 'shop-1', 1.0)";
        sqlx::raw_sql(run).execute(&mut file).await.unwrap();
        let run = "INSERT INTO job_runs VALUES ('1', 'nightly', '2026-01-01T00:00:00.000000Z', \
                   '2026-01-01T00:00:01.250000Z', 'success', 1.25, NULL, '{}', 'shop-1', NULL)";
        sqlx::raw_sql(run).execute(&mut file).await.unwrap();
        for _ in 0..2 {
            apply_to(&mut file, Sqlite::MIGRATIONS).await.unwrap();
            let rows = sqlx::query(
                "SELECT job_name, last_start, failures_in_a_row, last_success, last_end FROM job_states",
            );
            let rows = rows.fetch_all(&mut file).await.unwrap();
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].get::<String, _>(0), "nightly");
            assert!((rows[0].get::<f64, _>(1) - 1_767_225_601.5).abs() < 0.001);
            assert_eq!(rows[0].get::<i64, _>(2), 0);
            for column in [3, 4] {
                let ended = rows[0].get::<f64, _>(column);
                assert!((ended - 1_767_225_601.25).abs() < 0.001, "{ended}");
            }
        }
        assert_eq!(versions(&mut file).await, [1, 2, 3]);
    }

    #[tokio::test]
    async fn tables_of_a_newer_version_are_left_alone() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let newer = ("newer", "CREATE TABLE newer (id INTEGER)");
        let newer = [Sqlite::MIGRATIONS, &[newer]].concat();
        apply_to(&mut file, &newer).await.unwrap();
        apply_to(&mut file, Sqlite::MIGRATIONS).await.unwrap();
        assert_eq!(versions(&mut file).await, [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_migration_that_was_changed_is_an_error() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        apply_to(&mut file, Sqlite::MIGRATIONS).await.unwrap();
        let changed = [("runs", "CREATE TABLE job_runs (id TEXT)")];
        let error = apply_to(&mut file, &changed).await.unwrap_err();
        assert!(matches!(error, MigrateError::VersionMismatch(1)), "{error}");
    }
}
