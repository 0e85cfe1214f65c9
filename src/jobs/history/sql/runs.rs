//! Writes and finds runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::Value;
use sqlx::{Connection, Pool, Transaction};
use uuid::Uuid;

use super::dialect::Dialect;
use super::unreadable::Unreadable;
use super::{job_states, time};
use crate::jobs::history::{RunQuery, RunTotals, StateDelta};
use crate::jobs::{RunRecord, RunStatus};
use crate::sql::{Columns, Statement};

/// The number of runs in one statement. Each has ten parameters, and SQLite accepts 32,766.
const CHUNK: usize = 1000;

/// The number of jobs whose last runs one statement selects. SQLite accepts 500 selects.
const JOBS_CHUNK: usize = 100;

/// The least number of rows that are read in place of those that could not be read.
const MIN_REFILL: usize = 500;

/// The end of the statement that writes runs.
const ON_CONFLICT_UPDATE: &str = "ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, \
    status = excluded.status, duration_seconds = excluded.duration_seconds, error_message = excluded.error_message, \
    metadata = excluded.metadata, lease_until = excluded.lease_until, was_updated = TRUE \
    WHERE job_runs.status = 'running'";

pub(super) async fn write<D: Dialect>(
    pool: &Pool<D>,
    runs: &[RunRecord],
    lease: Duration,
) -> Result<(), sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    let runs = once_each(runs);
    // The others had ended before.
    let mut existed: HashMap<Uuid, bool> = HashMap::new();
    for chunk in runs.chunks(CHUNK) {
        for row in D::upsert_runs(&mut transaction, chunk, lease, ON_CONFLICT_UPDATE).await? {
            if let Some(id) = row.text(0)?.and_then(|id| id.parse().ok()) {
                existed.insert(id, row.boolean(1)?);
            }
        }
    }
    let written = runs.iter().filter(|run| existed.contains_key(&run.id));
    let deltas = StateDelta::of_runs(written.clone().copied(), |run| !existed[&run.id]);
    job_states::apply::<D>(&mut transaction, deltas).await?;
    count::<D>(&mut transaction, written.copied()).await?;
    transaction.commit().await
}

/// One statement updates a row once. Rows are locked in the order of ids, so that two writers cannot deadlock.
fn once_each(runs: &[RunRecord]) -> Vec<&RunRecord> {
    let mut by_id: BTreeMap<Uuid, &RunRecord> = BTreeMap::new();
    for run in runs {
        let known = by_id.entry(run.id).or_insert(run);
        if known.status == RunStatus::Running {
            *known = run;
        }
    }
    by_id.into_values().collect()
}

/// Adds ended runs to the totals. Rows are locked in the order of names.
pub(super) async fn count<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    runs: impl Iterator<Item = &RunRecord>,
) -> Result<(), sqlx::Error> {
    let mut totals: BTreeMap<&str, RunTotals> = BTreeMap::new();
    for run in runs.filter(|run| run.status != RunStatus::Running) {
        totals.entry(&run.job_name).or_default().add(run);
    }
    for (job_name, totals) in totals {
        for (status, runs, seconds) in totals.by_status() {
            Statement::new(
                "INSERT INTO job_run_totals AS total (job_name, status, runs, seconds) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (job_name, status) DO UPDATE SET runs = total.runs + excluded.runs, \
                 seconds = total.seconds + excluded.seconds",
            )
            .text(job_name.to_owned())
            .text(status.to_owned())
            .integer(runs)
            .float(seconds)
            .fetch(transaction)
            .await?;
        }
    }
    Ok(())
}

pub(super) async fn find<D: Dialect>(
    pool: &Pool<D>,
    query: &RunQuery,
    unreadable: &Unreadable,
) -> Result<Vec<RunRecord>, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN_READ).await?;
    let runs = find_within(&mut transaction, query, unreadable).await?;
    transaction.commit().await?;
    Ok(runs)
}

/// Rows that cannot be read are skipped, and others take their places, so that only the last page is short.
pub(super) async fn find_within<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    query: &RunQuery,
    unreadable: &Unreadable,
) -> Result<Vec<RunRecord>, sqlx::Error> {
    let before = query.before;
    let mut before = before.map(|(start, id)| (time::to_text(start), id.to_string()));
    let mut limit = query.limit;
    let mut runs = Vec::new();
    loop {
        let statement = select::<D>(query, before.take(), limit);
        let rows = statement.fetch(transaction).await?;
        let mut skipped = 0;
        for run in rows.iter().map(read) {
            match run {
                Some(run) if runs.len() < query.limit => runs.push(run),
                Some(_) => break,
                None => skipped += 1,
            }
        }
        unreadable.skipped(skipped);
        if runs.len() == query.limit {
            return Ok(runs);
        }
        // As the row has them, because they may be unreadable too.
        let text = |row: &D::Row, column| row.text(column).ok().flatten();
        let last = rows.last().filter(|_| rows.len() == limit);
        before = last.and_then(|row| Some((text(row, 2)?, text(row, 0)?)));
        if before.is_none() {
            return Ok(runs);
        }
        limit = limit.max(MIN_REFILL);
    }
}

fn select<D: Dialect>(
    query: &RunQuery,
    before: Option<(String, String)>,
    limit: usize,
) -> Statement {
    let mut sql = format!("SELECT {} FROM job_runs WHERE TRUE", D::RUN_COLUMNS);
    let conditions = [
        (query.id.is_some(), " AND id = $1::uuid"),
        (query.job_name.is_some(), " AND job_name = $2"),
        (query.status.is_some(), " AND status = $3"),
        (query.since.is_some(), " AND started_at >= $4::timestamptz"),
        (
            before.is_some(),
            " AND (started_at, id) < ($5::timestamptz, $6::uuid)",
        ),
    ];
    for (_, condition) in conditions.iter().filter(|(is_wanted, _)| *is_wanted) {
        sql.push_str(condition);
    }
    // The table's name tells the columns, which have an index, from the texts that are selected.
    sql.push_str(" ORDER BY job_runs.started_at DESC, job_runs.id DESC LIMIT $7");
    let (before_start, before_id) = before.unzip();
    Statement::new(sql)
        .optional_text(query.id.map(|id| id.to_string()))
        .optional_text(query.job_name.clone())
        .optional_text(query.status.map(|status| status.to_string()))
        .optional_text(query.since.map(time::to_text))
        .optional_text(before_start)
        .optional_text(before_id)
        .integer(limit)
}

pub(super) async fn last_of_each<D: Dialect>(
    pool: &Pool<D>,
    unreadable: &Unreadable,
) -> Result<Vec<RunRecord>, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN_READ).await?;
    let rows = Statement::new(
        "SELECT job_name FROM job_run_totals UNION SELECT job_name FROM job_runs WHERE status = 'running'",
    )
    .fetch(&mut transaction)
    .await?;
    let mut names = BTreeSet::new();
    for row in &rows {
        names.extend(row.text(0)?);
    }
    let names: Vec<_> = names.into_iter().collect();
    let mut last: Vec<RunRecord> = Vec::with_capacity(names.len());
    for chunk in names.chunks(JOBS_CHUNK) {
        let selects = (1..=chunk.len()).map(|n| {
            format!(
                "SELECT * FROM (SELECT {} FROM job_runs WHERE job_name = ${n} \
                 ORDER BY job_runs.started_at DESC, job_runs.id DESC LIMIT 1) AS last",
                D::RUN_COLUMNS
            )
        });
        let selects = selects.collect::<Vec<_>>().join(" UNION ALL ");
        let statement = chunk
            .iter()
            .fold(Statement::new(selects), |statement, name| {
                statement.text(name.clone())
            });
        let rows = statement.fetch(&mut transaction).await?;
        let runs: Vec<_> = rows.iter().filter_map(read).collect();
        if runs.len() < rows.len() {
            // The last run that can be read takes the place of one that cannot.
            let found: BTreeSet<_> = runs.iter().map(|run| run.job_name.clone()).collect();
            for name in chunk.iter().filter(|name| !found.contains(*name)) {
                let query = RunQuery::new().job_name(name).limit(1);
                last.extend(find_within(&mut transaction, &query, unreadable).await?);
            }
        }
        last.extend(runs);
    }
    transaction.commit().await?;
    // In the order of bytes, regardless of the database's collation.
    last.sort_by(|a, b| a.job_name.cmp(&b.job_name));
    Ok(last)
}

/// Reads [`RUN_COLUMNS`](Dialect::RUN_COLUMNS).
pub(super) fn read(row: &impl Columns) -> Option<RunRecord> {
    let text = |column: usize| row.text(column).ok().flatten();
    let started_at = time::from_text(&text(2)?)?;
    let mut run = RunRecord::new(text(0)?.parse().ok()?, text(1)?, started_at, text(8)?);
    run.finished_at = text(3).as_deref().and_then(time::from_text);
    run.status = text(4)?.parse().ok()?;
    run.duration = duration(row.float(5).ok()?);
    run.error_message = text(6);
    if let Some(Ok(Value::Object(metadata))) = text(7).as_deref().map(serde_json::from_str) {
        run.metadata = metadata;
    }
    Some(run)
}

pub(super) fn duration(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}
