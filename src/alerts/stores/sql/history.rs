//! Reads pages of the history.

use std::fmt::Write;

use sqlx::{Connection, Pool};

use super::dialect::Dialect;
use super::unreadable::Unreadable;
use crate::alerts::stores::{HistoryPage, HistoryQuery};
use crate::sql::{Columns, Statement, time};

/// The least number of rows that are read at once, because some may be unreadable.
const MIN_ROWS: usize = 100;

/// A larger page is cut, because it is held in memory.
const MAX_EVENTS: usize = 10_000;

pub(super) async fn page<D: Dialect>(
    pool: &Pool<D>,
    query: &HistoryQuery,
    unreadable: &Unreadable,
) -> Result<HistoryPage, sqlx::Error> {
    let limit = query.limit.min(MAX_EVENTS);
    let mut page = HistoryPage::default();
    let mut before = query.before;
    while page.events.len() < limit {
        let left = limit - page.events.len();
        let wanted = left.max(MIN_ROWS);
        let rows = rows(pool, query, before, wanted + 1).await?;
        let has_more = rows.len() > wanted;
        for (place, row) in rows.iter().take(wanted).enumerate() {
            let id = u64::try_from(row.integer(0)?).unwrap_or(0);
            before = Some(id);
            page.events
                .extend(unreadable.read("vitals_alert_history", row.text(1)));
            if page.events.len() == limit {
                page.next = (place + 1 < rows.len()).then_some(id);
                return Ok(page);
            }
        }
        if !has_more {
            break;
        }
    }
    Ok(page)
}

async fn rows<D: Dialect>(
    pool: &Pool<D>,
    query: &HistoryQuery,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<D::Row>, sqlx::Error> {
    let mut sql = "SELECT history.id, history.body FROM ".to_owned();
    let mut statement = Statement::new("");
    // The side table leads, so that few events of many are read.
    let id = if let Some(alert) = query.alert {
        sql += "vitals_alert_history_alerts AS about JOIN vitals_alert_history AS history ON history.id = about.event \
                WHERE about.alert = $1";
        statement = statement.text(alert.to_string());
        "about.event"
    } else {
        sql += "vitals_alert_history AS history WHERE TRUE";
        "history.id"
    };
    if let Some(ledger) = &query.ledger {
        statement = statement.text(&**ledger);
        let _ = write!(sql, " AND history.ledger = ${}", statement.count());
    }
    if let Some(before) = before {
        statement = statement.integer(before);
        let _ = write!(sql, " AND {id} < ${}", statement.count());
    }
    if let Some(since) = query.since {
        statement = statement.text(time::to_text(since));
        let number = statement.count();
        // The least position ends the search, because earlier events need not be read.
        let _ = write!(
            sql,
            " AND history.at >= ${number}::timestamptz AND {id} >= \
             (SELECT MIN(id) FROM vitals_alert_history WHERE at >= ${number}::timestamptz)"
        );
    }
    statement = statement.integer(limit);
    let _ = write!(sql, " ORDER BY {id} DESC LIMIT ${}", statement.count());
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN_READ).await?;
    let rows = statement.with_sql(sql).fetch(&mut transaction).await?;
    transaction.commit().await?;
    Ok(rows)
}
