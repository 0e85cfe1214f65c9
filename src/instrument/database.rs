//! Queries by type, and connections.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Gauge, Histogram, Recorder};

use super::observe::{Ended, Ends, Observe};
use crate::catalog::{
    DATABASE_CONNECTIONS, DB_CONNECTIONS_ACTIVE, DB_QUERY_DURATION, REDIS_CONNECTIONS,
};
use crate::recorder::{LazyHandle, RecorderRef};

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
    duration: LazyHandle<Histogram>,
}

impl Query {
    /// Queries of this type: `select`, `insert`, or a name of its own. The statement itself would be a series each.
    pub fn kind(kind: impl Into<Cow<'static, str>>) -> Self {
        Self::on(&RecorderRef::default(), kind.into())
    }

    fn on(recorder: &RecorderRef, kind: Cow<'static, str>) -> Self {
        let key = DB_QUERY_DURATION.key([kind.clone().into()]);
        Self {
            inner: Arc::new(Inner {
                kind,
                duration: LazyHandle::new(recorder, key),
            }),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&RecorderRef::new(recorder), self.inner.kind.clone())
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
            .record(|duration| duration.record(seconds));
    }
}

impl Ends for Inner {
    fn end(&self, _ended: Ended, nanos: u64) {
        self.duration
            .record(|duration| duration.record(nanos as f64 / 1e9));
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
    cells: Arc<[LazyHandle<Gauge>; 2]>,
}

impl DatabaseConnections {
    /// Nothing is recorded yet.
    pub fn new() -> Self {
        Self::on(&RecorderRef::default())
    }

    fn on(recorder: &RecorderRef) -> Self {
        let cells = [&DATABASE_CONNECTIONS, &DB_CONNECTIONS_ACTIVE];
        Self {
            cells: Arc::new(cells.map(|family| LazyHandle::new(recorder, family.key([])))),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&RecorderRef::new(recorder))
    }

    /// So many are open, and so many of them in use.
    pub fn set(&self, open: usize, in_use: usize) {
        self.cells[0].record(|gauge| gauge.set(open as f64));
        self.cells[1].record(|gauge| gauge.set(in_use as f64));
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
    cell: Arc<LazyHandle<Gauge>>,
}

impl RedisConnections {
    /// Nothing is recorded yet.
    pub fn new() -> Self {
        Self::on(&RecorderRef::default())
    }

    fn on(recorder: &RecorderRef) -> Self {
        Self {
            cell: Arc::new(LazyHandle::new(recorder, REDIS_CONNECTIONS.key([]))),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&RecorderRef::new(recorder))
    }

    /// So many are open.
    pub fn set(&self, open: usize) {
        self.cell.record(|gauge| gauge.set(open as f64));
    }
}

impl Default for RedisConnections {
    fn default() -> Self {
        Self::new()
    }
}
