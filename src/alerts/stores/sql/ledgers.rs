//! Leases ledgers and loads them.

use std::time::Duration;

use sqlx::{Connection, Pool, Transaction};

use super::dialect::Dialect;
use crate::alerts::stores::Lease;
use crate::sql::{Columns, Statement};

/// The rows of a ledger: its time (at most one row), its documents and its outbox.
pub(super) type LedgerRows<R> = (Vec<R>, Vec<R>, Vec<R>);

pub(super) async fn load<D: Dialect>(
    pool: &Pool<D>,
    ledger: &str,
) -> Result<LedgerRows<D::Row>, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN_READ).await?;
    let mut select = async |sql: &str| {
        let select = Statement::new(sql).text(ledger);
        select.fetch(&mut transaction).await
    };
    let seen = select("SELECT seen FROM vitals_alert_ledgers WHERE ledger = $1").await?;
    let documents =
        select("SELECT name, body FROM vitals_alert_documents WHERE ledger = $1").await?;
    let outbox =
        select("SELECT body FROM vitals_alert_outbox WHERE ledger = $1 ORDER BY position").await?;
    transaction.commit().await?;
    Ok((seen, documents, outbox))
}

/// The same holder goes on, also after the end of its lease, because nobody else wrote meanwhile.
pub(super) async fn lease<D: Dialect>(
    pool: &Pool<D>,
    ledger: &str,
    holder: &str,
    ttl: Duration,
) -> Result<Option<Lease>, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    let rows = Statement::new(
        "INSERT INTO vitals_alert_ledgers AS known (ledger, written_at, holder, epoch, lease_until) \
         VALUES ($1, clock_timestamp(), $2, 1, clock_timestamp() + make_interval(secs => $3)) \
         ON CONFLICT (ledger) DO UPDATE SET written_at = clock_timestamp(), holder = excluded.holder, \
         epoch = CASE WHEN known.holder = excluded.holder THEN known.epoch ELSE known.epoch + 1 END, \
         lease_until = clock_timestamp() + make_interval(secs => $3) \
         WHERE known.holder IS NULL OR known.holder = excluded.holder OR known.lease_until <= clock_timestamp() \
         RETURNING epoch",
    )
    .text(ledger)
    .text(holder)
    // The databases have no times after the year 9999.
    .float(ttl.as_secs_f64().min(1e9))
    .fetch(&mut transaction)
    .await?;
    transaction.commit().await?;
    let epoch = rows.first().map(|row| row.integer(0)).transpose()?;
    Ok(epoch.map(|epoch| Lease::new(u64::try_from(epoch).unwrap_or(0))))
}

pub(super) async fn holder<D: Dialect>(
    pool: &Pool<D>,
    ledger: &str,
) -> Result<Option<(String, Lease)>, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN_READ).await?;
    let rows = Statement::new("SELECT holder, epoch FROM vitals_alert_ledgers WHERE ledger = $1")
        .text(ledger)
        .fetch(&mut transaction)
        .await?;
    transaction.commit().await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let epoch = u64::try_from(row.integer(1)?).unwrap_or(0);
    Ok(row.text(0)?.map(|holder| (holder, Lease::new(epoch))))
}

pub(super) async fn release<D: Dialect>(
    pool: &Pool<D>,
    ledger: &str,
    lease: Lease,
) -> Result<(), sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    Statement::new(
        "UPDATE vitals_alert_ledgers SET holder = NULL, lease_until = NULL WHERE ledger = $1 AND epoch = $2",
    )
    .text(ledger)
    .integer(lease.epoch)
    .fetch(&mut transaction)
    .await?;
    transaction.commit().await
}

/// Locks the ledger until the transaction ends and writes its time unless that is empty, or returns false if the lease is not valid.
pub(super) async fn lock<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    ledger: &str,
    lease: Lease,
    seen: String,
) -> Result<bool, sqlx::Error> {
    if lease == Lease::endless() {
        Statement::new(
            "INSERT INTO vitals_alert_ledgers (ledger, written_at) VALUES ($1, clock_timestamp()) ON CONFLICT DO NOTHING",
        )
        .text(ledger)
        .fetch(transaction)
        .await?;
    }
    let locked = Statement::new(
        "UPDATE vitals_alert_ledgers SET seen = coalesce(nullif($3, ''), seen), written_at = clock_timestamp() \
         WHERE ledger = $1 AND epoch = $2 AND (epoch = 0 OR lease_until > clock_timestamp()) RETURNING epoch",
    )
    .text(ledger)
    .integer(lease.epoch)
    .text(seen)
    .fetch(transaction)
    .await?;
    Ok(!locked.is_empty())
}
