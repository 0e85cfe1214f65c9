use std::sync::Arc;

use metrics::Gauge;

use crate::catalog::{DATABASE_CONNECTIONS, DATABASE_CONNECTIONS_MAX, DB_CONNECTIONS_ACTIVE};
use crate::recorder::{LazyHandle, RecorderRef};

/// Database connections: `database_connections` are open, `db_connections_active` of them are in use, and
/// `database_connections_max` may be open.
#[derive(Debug, Clone)]
#[must_use]
pub struct DatabaseConnections {
    handles: Arc<Handles>,
}

#[derive(Debug)]
struct Handles {
    open: LazyHandle<Gauge>,
    in_use: LazyHandle<Gauge>,
    max: LazyHandle<Gauge>,
}

impl Handles {
    fn with_recorder(&self, recorder: &RecorderRef) -> Self {
        Self {
            open: self.open.with_recorder(recorder),
            in_use: self.in_use.with_recorder(recorder),
            max: self.max.with_recorder(recorder),
        }
    }
}

impl DatabaseConnections {
    /// Creates the instrument. Records nothing yet.
    pub fn new() -> Self {
        Self {
            handles: Arc::new(Handles {
                open: LazyHandle::global(DATABASE_CONNECTIONS.key([])),
                in_use: LazyHandle::global(DB_CONNECTIONS_ACTIVE.key([])),
                max: LazyHandle::global(DATABASE_CONNECTIONS_MAX.key([])),
            }),
        }
    }

    recorder_setter!(handles: handles);

    /// Records the number of open connections and the number of those in use.
    pub fn set(&self, open: usize, in_use: usize) {
        self.handles.open.record(|gauge| gauge.set(open as f64));
        self.handles.in_use.record(|gauge| gauge.set(in_use as f64));
    }

    /// Records the number of connections that the pool may open.
    pub fn set_max(&self, max: usize) {
        self.handles.max.record(|gauge| gauge.set(max as f64));
    }
}

default_is_new!(DatabaseConnections);
