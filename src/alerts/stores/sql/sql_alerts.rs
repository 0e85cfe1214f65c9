//! `SqlAlerts`: alerts in a SQL database.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use sqlx::{Database, Pool};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::dialect::Dialect;
use super::place::Place;
use super::prune::Pruner;
use super::unreadable::Unreadable;
use super::{changes, history, ledgers};
use crate::alerts::stores::retention::Retention;
use crate::alerts::stores::{AlertStore, Commit, HistoryPage, HistoryQuery, Lease, Saved, texts};
use crate::error::{Error, ErrorKind};
use crate::sql::{self, Columns, Pools, time};

/// Keeps alerts in a SQL database: as `SqliteAlerts` in SQLite, as `PostgresAlerts` in PostgreSQL.
///
/// The first call creates the tables, or updates those of an older version. Clones share their connections.
///
/// | table | content |
/// |---|---|
/// | `vitals_alert_ledgers` | each ledger with the time until which its engine watched, and its lease |
/// | `vitals_alert_documents` | the state of each ledger, as JSON |
/// | `vitals_alert_outbox` | the notifications that wait for their delivery, in their order, as JSON |
/// | `vitals_alert_history` | the events of all ledgers, as JSON |
/// | `vitals_alert_history_alerts` | the alerts of each event |
/// | `vitals_alert_migrations` | the versions of the tables |
///
/// A row of the outbox or the history that this version cannot read is skipped, logged once and
/// [counted](AlertStore::unreadable_rows). A document that is no text is an error that names it.
///
/// A ledger that nobody wrote or leased for 30 days is removed with its documents and its outbox.
#[derive(Debug)]
pub struct SqlAlerts<D: Database> {
    pub(super) pools: Pools<D>,
    place: Arc<dyn Place>,
    retention: Retention,
    unreadable: Unreadable,
    prepared: Arc<OnceCell<()>>,
    pruner: Pruner,
}

impl<D: Database> Clone for SqlAlerts<D> {
    fn clone(&self) -> Self {
        Self {
            pools: self.pools.clone(),
            place: Arc::clone(&self.place),
            retention: self.retention,
            unreadable: self.unreadable.clone(),
            prepared: Arc::clone(&self.prepared),
            pruner: self.pruner.clone(),
        }
    }
}

impl<D: Database> SqlAlerts<D> {
    pub(super) fn with(pools: Pools<D>, place: impl Place + 'static) -> Self {
        Self {
            pools,
            place: Arc::new(place),
            retention: Retention::default(),
            unreadable: Unreadable::default(),
            prepared: Arc::default(),
            pruner: Pruner::default(),
        }
    }

    pub(super) fn with_pool(pool: Pool<D>, place: impl Place + 'static) -> Self {
        let readers = pool.clone();
        Self::with(
            Pools {
                readers,
                writer: pool,
            },
            place,
        )
    }

    /// Sets the greatest age of an event of the history and the most events of all ledgers. Defaults to 30 days and 100,000
    /// events.
    ///
    /// Older events are removed soon after a commit, in small steps outside of it. Until then, up to one percent more may be
    /// kept. The age is relative to [`Commit::seen`].
    #[must_use]
    pub fn retention(self, age: Duration, count: usize) -> Self {
        let retention = Retention { age, count };
        Self { retention, ..self }
    }
}

/// Creates the tables before the first call. A call that takes too long fails, so that a database that hangs does not stop the
/// engine.
async fn call<D: Dialect, T>(
    alerts: &SqlAlerts<D>,
    work: impl Future<Output = Result<T, sqlx::Error>> + Send,
) -> Result<T, Error> {
    alerts.place.check()?;
    let call = async {
        let prepare = || {
            alerts.place.create();
            sql::prepare(&alerts.pools.writer, D::MIGRATIONS)
        };
        alerts.prepared.get_or_try_init(prepare).await?;
        work.await
    };
    let Ok(result) = timeout(D::TIMEOUT, call).await else {
        let (name, seconds) = (alerts.place.name(), D::TIMEOUT.as_secs());
        let message = format!("the alert store in {name} did not answer within {seconds} s");
        return Err(Error::new(ErrorKind::Io, message));
    };
    let output = result.map_err(|error| failed::<D>(&*alerts.place, error))?;
    // A write to a file that was deleted meanwhile is lost.
    alerts.place.check()?;
    Ok(output)
}

fn failed<D: Dialect>(place: &dyn Place, error: sqlx::Error) -> Error {
    let kind = if sql::has_code(&error, D::is_refused) {
        ErrorKind::Refused
    } else {
        ErrorKind::Io
    };
    let advice = D::advice(&error).map(|advice| format!(": {advice}"));
    let advice = advice.unwrap_or_default();
    let message = format!("the alert store in {} fails{advice}", place.name());
    Error::new(kind, message).with_source(error)
}

impl<D: Dialect> AlertStore for SqlAlerts<D> {
    fn kind(&self) -> &'static str {
        D::KIND
    }

    fn is_shared(&self) -> bool {
        D::IS_SHARED
    }

    fn load<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, Error>> {
        Box::pin(async move {
            texts::name("ledger", ledger)?;
            let rows = call(self, ledgers::load(&self.pools.readers, ledger)).await?;
            let (seen, documents, outbox) = rows;
            let mut saved = Saved::default();
            if let Some(row) = seen.first() {
                let seen = row.text(0).ok().flatten();
                saved.seen = seen.and_then(|seen| time::from_text(&seen));
            }
            for row in &documents {
                let name = row.text(0).ok().flatten().unwrap_or_default();
                let Ok(Some(body)) = row.text(1) else {
                    let place = self.place.name();
                    let message = format!(
                        "the document {name:?} of the ledger {ledger:?} in {place} is no text: restore it from a backup, or delete \
                         its row in vitals_alert_documents"
                    );
                    return Err(Error::new(ErrorKind::Io, message));
                };
                saved.documents.insert(name, body.into_bytes());
            }
            let outbox = outbox.iter().map(|row| row.text(0));
            let read = |body| self.unreadable.read("vitals_alert_outbox", body);
            saved.outbox = outbox.filter_map(read).collect();
            Ok(saved)
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            texts::check(commit)?;
            let writer = &self.pools.writer;
            if !call(self, changes::write(writer, commit)).await? {
                return Err(texts::lease_is_over(&commit.ledger));
            }
            if let Some(seen) = commit.seen {
                let events = commit.events.len();
                (self.pruner).committed(writer, self.retention, seen, events);
            }
            Ok(())
        })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<HistoryPage, Error>> {
        let page = history::page(&self.pools.readers, query, &self.unreadable);
        Box::pin(call(self, page))
    }

    fn lease<'a>(
        &'a self,
        ledger: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            texts::name("ledger", ledger)?;
            texts::name("holder", holder)?;
            call(
                self,
                ledgers::lease(&self.pools.writer, ledger, holder, ttl),
            )
            .await
        })
    }

    fn holder<'a>(
        &'a self,
        ledger: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, Lease)>, Error>> {
        let holder = ledgers::holder(&self.pools.readers, ledger);
        Box::pin(call(self, holder))
    }

    fn release<'a>(&'a self, ledger: &'a str, lease: Lease) -> BoxFuture<'a, Result<(), Error>> {
        let release = ledgers::release(&self.pools.writer, ledger, lease);
        Box::pin(call(self, release))
    }

    fn unreadable_rows(&self) -> u64 {
        self.unreadable.count()
    }
}
