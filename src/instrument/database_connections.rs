use std::sync::Arc;

use metrics::{Gauge, Recorder};

use crate::catalog::{DATABASE_CONNECTIONS, DB_CONNECTIONS_ACTIVE};
use crate::recorder::{LazyHandle, RecorderRef};

/// Database connections: `database_connections` are open, and `db_connections_active` of them are in use.
#[derive(Debug, Clone)]
#[must_use]
pub struct DatabaseConnections {
    handles: Arc<Handles>,
}

#[derive(Debug)]
struct Handles {
    open: LazyHandle<Gauge>,
    in_use: LazyHandle<Gauge>,
}

impl DatabaseConnections {
    /// Creates the instrument. Records nothing yet.
    pub fn new() -> Self {
        Self {
            handles: Arc::new(Handles {
                open: LazyHandle::global(DATABASE_CONNECTIONS.key([])),
                in_use: LazyHandle::global(DB_CONNECTIONS_ACTIVE.key([])),
            }),
        }
    }

    /// Sets the recorder. Defaults to the recorder of the `metrics` facade.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let recorder = RecorderRef::new(recorder);
        Self {
            handles: Arc::new(Handles {
                open: self.handles.open.with_recorder(&recorder),
                in_use: self.handles.in_use.with_recorder(&recorder),
            }),
        }
    }

    /// Records the number of open connections and the number of those in use.
    pub fn set(&self, open: usize, in_use: usize) {
        self.handles.open.record(|gauge| gauge.set(open as f64));
        self.handles.in_use.record(|gauge| gauge.set(in_use as f64));
    }
}

impl Default for DatabaseConnections {
    fn default() -> Self {
        Self::new()
    }
}
