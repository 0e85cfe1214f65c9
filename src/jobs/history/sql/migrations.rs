//! Creates the tables, and updates those of an older version.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType};
use sqlx::{Connection, Pool, SqlSafeStr};

use super::dialect::{Dialect, MigrationFile};
use super::statement::Statement;

const TABLE: &str = "job_run_migrations";

/// Of two instances that migrate at once, one waits and finds it done.
pub(super) async fn migrate<D: Dialect>(pool: &Pool<D>) -> Result<(), sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    if let Some(lock) = D::MIGRATION_LOCK {
        Statement::new(lock).fetch(&mut *transaction).await?;
    }
    let applied = apply(&mut *transaction, D::MIGRATIONS).await;
    applied.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error,
        error => error.into(),
    })?;
    transaction.commit().await
}

/// Applies missing migrations. Ignores those of a newer version, so that an older one still works with its tables.
///
/// sqlx's `Migrator` would do the same, but the compiler cannot prove its future `Send` when it borrows a connection.
async fn apply<C: Migrate>(
    connection: &mut C,
    files: &[MigrationFile],
) -> Result<(), MigrateError> {
    connection.ensure_migrations_table(TABLE).await?;
    let applied = connection.list_applied_migrations(TABLE).await?;
    for (version, (name, sql)) in (1..).zip(files) {
        let (kind, sql) = (MigrationType::Simple, sql.into_sql_str());
        let migration = Migration::new(version, (*name).into(), kind, sql, false);
        match applied.iter().find(|applied| applied.version == version) {
            Some(applied) if applied.checksum != migration.checksum => {
                return Err(MigrateError::VersionMismatch(version));
            }
            Some(_) => {}
            None => {
                connection.apply(TABLE, &migration).await?;
            }
        }
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

    #[tokio::test]
    async fn tables_of_an_older_version_are_updated() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        apply(&mut file, &Sqlite::MIGRATIONS[..1]).await.unwrap();
        assert_eq!(versions(&mut file).await, [1]);
        let run = "INSERT INTO job_runs VALUES ('0', 'nightly', '2026-01-01T00:00:01.500000Z', NULL, 'running', NULL, \
                   NULL, '{}', 'shop-1', 1.0)";
        sqlx::raw_sql(run).execute(&mut file).await.unwrap();
        let run = "INSERT INTO job_runs VALUES ('1', 'nightly', '2026-01-01T00:00:00.000000Z', \
                   '2026-01-01T00:00:01.250000Z', 'success', 1.25, NULL, '{}', 'shop-1', NULL)";
        sqlx::raw_sql(run).execute(&mut file).await.unwrap();
        for _ in 0..2 {
            apply(&mut file, Sqlite::MIGRATIONS).await.unwrap();
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
        apply(&mut file, &newer).await.unwrap();
        apply(&mut file, Sqlite::MIGRATIONS).await.unwrap();
        assert_eq!(versions(&mut file).await, [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_migration_that_was_changed_is_an_error() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        apply(&mut file, Sqlite::MIGRATIONS).await.unwrap();
        let changed = [("runs", "CREATE TABLE job_runs (id TEXT)")];
        let error = apply(&mut file, &changed).await.unwrap_err();
        assert!(matches!(error, MigrateError::VersionMismatch(1)), "{error}");
    }
}
