//! Writes the changes of a commit.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use sqlx::{Connection, Pool, Transaction};
use uuid::Uuid;

use super::dialect::Dialect;
use super::ledgers;
use crate::alerts::stores::{Commit, Event, Queued};
use crate::sql::{Columns, ROWS, Statement, time};

/// Writes all changes, or returns false if the lease is not valid.
///
/// PostgreSQL answers `COMMIT` with success after a statement failed, so each statement is checked.
pub(super) async fn write<D: Dialect>(
    pool: &Pool<D>,
    commit: &Commit,
) -> Result<bool, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    let seen = commit.seen.map(time::to_exact_text).unwrap_or_default();
    if !ledgers::lock(&mut transaction, &commit.ledger, commit.lease, seen).await? {
        transaction.rollback().await?;
        return Ok(false);
    }
    write_documents(&mut transaction, commit).await?;
    write_outbox(&mut transaction, commit).await?;
    write_events(&mut transaction, commit).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn write_documents<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    commit: &Commit,
) -> Result<(), sqlx::Error> {
    let (mut written, mut deleted) = (Vec::new(), Vec::new());
    for (name, body) in &commit.documents {
        match body {
            Some(body) => written.push(json!([name, String::from_utf8_lossy(body)])),
            None => deleted.push(json!([name])),
        }
    }
    if !written.is_empty() {
        Statement::new(format!(
            "INSERT INTO vitals_alert_documents (ledger, name, body) \
             SELECT $2, item.value->>0, item.value->>1 FROM {ROWS} \
             ON CONFLICT (ledger, name) DO UPDATE SET body = excluded.body"
        ))
        .rows(written)
        .text(&*commit.ledger)
        .fetch(transaction)
        .await?;
    }
    if !deleted.is_empty() {
        Statement::new(format!(
            "DELETE FROM vitals_alert_documents WHERE ledger = $2 AND name IN (SELECT item.value->>0 FROM {ROWS})"
        ))
        .rows(deleted)
        .text(&*commit.ledger)
        .fetch(transaction)
        .await?;
    }
    Ok(())
}

async fn write_outbox<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    commit: &Commit,
) -> Result<(), sqlx::Error> {
    if !commit.queued.is_empty() {
        let mut rows = Vec::new();
        for queued in last_of_each(&commit.queued) {
            rows.push(json!([queued.id.to_string(), to_json(queued)?]));
        }
        Statement::new(format!(
            "INSERT INTO vitals_alert_outbox (ledger, id, body) \
             SELECT $2, (item.value->>0)::uuid, item.value->>1 FROM {ROWS} \
             ON CONFLICT (ledger, id) DO UPDATE SET body = excluded.body"
        ))
        .rows(rows)
        .text(&*commit.ledger)
        .fetch(transaction)
        .await?;
    }
    if !commit.done.is_empty() {
        let rows = commit.done.iter().map(|id| json!([id.to_string()]));
        Statement::new(format!(
            "DELETE FROM vitals_alert_outbox WHERE ledger = $2 AND id IN (SELECT (item.value->>0)::uuid FROM {ROWS})"
        ))
        .rows(rows)
        .text(&*commit.ledger)
        .fetch(transaction)
        .await?;
    }
    Ok(())
}

/// One statement writes a row once. The first one decides the order, the last one the content.
fn last_of_each(queued: &[Queued]) -> Vec<&Queued> {
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    let mut last: Vec<&Queued> = Vec::new();
    for queued in queued {
        let place = *places.entry(queued.id).or_insert(last.len());
        match last.get_mut(place) {
            Some(known) => *known = queued,
            None => last.push(queued),
        }
    }
    last
}

async fn write_events<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    commit: &Commit,
) -> Result<(), sqlx::Error> {
    if commit.events.is_empty() {
        return Ok(());
    }
    let mut new = Vec::new();
    for event in &commit.events {
        new.push((event, json!([time::to_text(event.at()), to_json(event)?])));
    }
    leave_out_known(transaction, commit, &mut new).await?;
    if new.is_empty() {
        return Ok(());
    }
    let (events, rows): (Vec<_>, Vec<_>) = new.into_iter().unzip();
    let ids = Statement::new(format!(
        "INSERT INTO vitals_alert_history (ledger, at, body) \
         SELECT $2, (item.value->>0)::timestamptz, item.value->>1 FROM {ROWS} RETURNING id"
    ))
    .rows(rows)
    .text(&*commit.ledger)
    .fetch(transaction)
    .await?;
    // Ids are given in the order of the rows, but need not be returned so.
    let ids = ids.iter().map(|row| row.integer(0));
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    let alerts = |(event, id): (&&Event, i64)| {
        let alerts: BTreeSet<_> = event.alerts().into_iter().collect();
        let alerts = alerts.into_iter();
        alerts.map(move |alert| json!([alert.to_string(), id]))
    };
    let rows: Vec<_> = events.iter().zip(ids).flat_map(alerts).collect();
    if !rows.is_empty() {
        Statement::new(format!(
            "INSERT INTO vitals_alert_history_alerts (alert, event) \
             SELECT item.value->>0, (item.value->>1)::bigint FROM {ROWS}"
        ))
        .rows(rows)
        .fetch(transaction)
        .await?;
    }
    Ok(())
}

/// Removes the events that an earlier commit wrote without an answer.
async fn leave_out_known<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    commit: &Commit,
    new: &mut Vec<(&Event, Value)>,
) -> Result<(), sqlx::Error> {
    let in_doubt = commit.in_doubt.min(new.len());
    if in_doubt == 0 {
        return Ok(());
    }
    let rows: Vec<_> = new
        .iter()
        .take(in_doubt)
        .map(|(_, row)| row.clone())
        .collect();
    let known = Statement::new(format!(
        "SELECT body FROM vitals_alert_history WHERE ledger = $2 \
         AND (at, body) IN (SELECT (item.value->>0)::timestamptz, item.value->>1 FROM {ROWS})"
    ))
    .rows(rows)
    .text(&*commit.ledger)
    .fetch(transaction)
    .await?;
    let known = known.iter().map(|row| row.text(0));
    let known: BTreeSet<_> = known.collect::<Result<_, _>>()?;
    let mut place = 0;
    new.retain(|(_, row)| {
        place += 1;
        let body = row.get(1).and_then(Value::as_str).map(str::to_owned);
        place > in_doubt || !known.contains(&body)
    });
    Ok(())
}

fn to_json(body: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(body).map_err(|error| sqlx::Error::Encode(error.into()))
}
