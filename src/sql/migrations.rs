//! Creates the tables, and updates those of an older version.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType};
use sqlx::{Connection, Pool, SqlSafeStr, Transaction};
use tokio::time::{Instant, sleep};

use super::columns::Columns;
use super::dialect::Dialect;
use super::fetch::Fetch;
use super::statement::Statement;

/// The tables of one store, by version.
#[derive(Clone, Copy)]
pub(crate) struct Migrations {
    /// The table that holds the versions, with the columns of sqlx's `Migrator`. Its name keeps it apart from that of the service.
    pub(crate) table: &'static str,
    /// The name and the text of each file. Files are never changed, only added: the first is version 1.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Begins the transaction.
    pub(crate) begin: &'static str,
    /// Locks the migrations until the transaction ends, if `begin` does not.
    pub(crate) lock: Option<&'static str>,
}

pub(crate) async fn prepare<D: Dialect>(
    pool: &Pool<D>,
    migrations: Migrations,
) -> Result<(), sqlx::Error> {
    // Switching a new SQLite file to its write-ahead log does not wait for others that do the same.
    for _ in 0..50 {
        match migrate(pool, migrations).await {
            Err(error) if has_code(&error, D::is_busy) => sleep(Duration::from_millis(20)).await,
            result => return result,
        }
    }
    migrate(pool, migrations).await
}

pub(crate) fn has_code(error: &sqlx::Error, matches: fn(&str) -> bool) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| matches(&code))
}

/// Of two instances that migrate at once, one waits and finds it done.
async fn migrate<D: Dialect>(pool: &Pool<D>, migrations: Migrations) -> Result<(), sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(migrations.begin).await?;
    if let Some(lock) = migrations.lock {
        Statement::new(lock).fetch(&mut transaction).await?;
    }
    let applied = apply(&mut transaction, migrations).await;
    applied.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error,
        error => error.into(),
    })?;
    transaction.commit().await
}

/// Applies missing migrations. Ignores those of a newer version, so that an older one still works with its tables.
///
/// sqlx's `Migrator` would do the same with named statements and a lock of the session, which do not work behind PgBouncer.
pub(crate) async fn apply<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    migrations: Migrations,
) -> Result<(), MigrateError> {
    let table = migrations.table;
    let exists = Statement::new(D::TABLE_EXISTS).text(table);
    if exists.fetch(transaction).await?.is_empty() {
        // PostgreSQL wants the right to create tables even if they exist.
        transaction.ensure_migrations_table(table).await?;
    }
    let applied = Statement::new(format!("SELECT version, checksum FROM {table}"));
    let applied = applied.fetch(transaction).await?;
    let applied = applied
        .iter()
        .map(|row| Ok((row.integer(0)?, row.bytes(1)?)));
    let applied: HashMap<_, _> = applied.collect::<Result<_, sqlx::Error>>()?;
    for (version, (name, sql)) in (1..).zip(migrations.files) {
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
        Statement::new(format!(
            "INSERT INTO {table} (version, description, success, checksum, execution_time) VALUES ($1, $2, TRUE, $3, $4)"
        ))
        .integer(version)
        .text(*name)
        .bytes(&*migration.checksum)
        .integer(began.elapsed().as_nanos())
        .fetch(transaction)
        .await?;
    }
    Ok(())
}
