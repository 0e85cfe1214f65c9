//! Queries by type, and connections.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Gauge, Histogram, Label, Recorder};

use super::observe::{Ended, Ends, Observe};
use crate::catalog::{
    DATABASE_CONNECTIONS, DB_CONNECTIONS_ACTIVE, DB_QUERY_DURATION, REDIS_CONNECTIONS,
};
use crate::target::{Cell, Target};

/// Queries of one type: `db_query_duration_seconds{query_type}`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use tower_vitals::instrument::Query;
///
/// let select = Query::kind("select");
/// let rows: Result<Vec<u64>, String> = select.observe(async { Ok(vec![1, 2]) }).await;
/// # }
/// ```
///
/// Whatever ends a query, its duration is recorded: one that failed or was given up kept the database busy, too.
#[derive(Clone)]
#[must_use]
pub struct Query {
    inner: Arc<Inner>,
}

struct Inner {
    kind: Cow<'static, str>,
    duration: Cell<Histogram>,
}

impl Query {
    /// Queries of this type: `select`, `insert`, or a name of its own. The statement itself would be a series each.
    pub fn kind(kind: impl Into<Cow<'static, str>>) -> Self {
        Self::on(&Target::default(), kind.into())
    }

    fn on(target: &Target, kind: Cow<'static, str>) -> Self {
        let labels = vec![Label::new("query_type", kind.clone())];
        Self {
            inner: Arc::new(Inner {
                kind,
                duration: Cell::new(target, &DB_QUERY_DURATION, labels),
            }),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&Target::recorder(recorder), self.inner.kind.clone())
    }

    /// Records how long `query` took.
    pub fn observe<F, T, E>(&self, query: F) -> Observe<'_, F>
    where
        F: Future<Output = Result<T, E>>,
    {
        Observe::begin(&*self.inner, query)
    }

    /// Records a query that was measured elsewhere.
    pub fn record(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.inner
            .duration
            .write(|duration| duration.record(seconds));
    }
}

impl Ends for Inner {
    fn end(&self, _ended: Ended, nanos: u64) {
        self.duration
            .write(|duration| duration.record(nanos as f64 / 1e9));
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.inner.kind).finish()
    }
}

/// Connections to the database: `database_connections`, those that are open, and `db_connections_active`, those of them
/// that are in use.
#[derive(Debug, Clone)]
#[must_use]
pub struct DatabaseConnections {
    cells: Arc<[Cell<Gauge>; 2]>,
}

impl DatabaseConnections {
    /// Nothing is recorded yet.
    pub fn new() -> Self {
        Self::on(&Target::default())
    }

    fn on(target: &Target) -> Self {
        let cells = [&DATABASE_CONNECTIONS, &DB_CONNECTIONS_ACTIVE];
        Self {
            cells: Arc::new(cells.map(|family| Cell::new(target, family, Vec::new()))),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&Target::recorder(recorder))
    }

    /// So many are open, and so many of them in use.
    pub fn set(&self, open: usize, in_use: usize) {
        self.cells[0].write(|gauge| gauge.set(open as f64));
        self.cells[1].write(|gauge| gauge.set(in_use as f64));
    }
}

impl Default for DatabaseConnections {
    fn default() -> Self {
        Self::new()
    }
}

/// Connections to Redis: `redis_connections`.
#[derive(Debug, Clone)]
#[must_use]
pub struct RedisConnections {
    cell: Arc<Cell<Gauge>>,
}

impl RedisConnections {
    /// Nothing is recorded yet.
    pub fn new() -> Self {
        Self::on(&Target::default())
    }

    fn on(target: &Target) -> Self {
        Self {
            cell: Arc::new(Cell::new(target, &REDIS_CONNECTIONS, Vec::new())),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&Target::recorder(recorder))
    }

    /// So many are open.
    pub fn set(&self, open: usize) {
        self.cell.write(|gauge| gauge.set(open as f64));
    }
}

impl Default for RedisConnections {
    fn default() -> Self {
        Self::new()
    }
}
