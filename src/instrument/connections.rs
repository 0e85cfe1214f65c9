use std::sync::Arc;

use metrics::Gauge;

use crate::catalog::ACTIVE_CONNECTIONS;
use crate::recorder::LazyHandle;

/// Open client connections: `active_connections`, raised by [`open`](Self::open) and lowered when the returned
/// [`Connection`] is dropped.
///
/// ```
/// use tower_vitals::instrument::Connections;
///
/// let connections = Connections::new();
/// let connection = connections.open();
/// drop(connection);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Connections {
    active: Arc<LazyHandle<Gauge>>,
}

impl Connections {
    /// Creates the instrument. Records nothing yet.
    pub fn new() -> Self {
        Self {
            active: Arc::new(LazyHandle::global(ACTIVE_CONNECTIONS.key([]))),
        }
    }

    recorder_setter!(handles: active);

    /// Counts a connection until the returned guard is dropped.
    pub fn open(&self) -> Connection {
        let active = self.active.installed();
        if let Some(active) = &active {
            active.increment(1.0);
        }
        Connection { active }
    }
}

default_is_new!(Connections);

/// The guard of an open connection. Dropping it ends the count.
#[must_use = "the connection is counted until this is dropped"]
pub struct Connection {
    /// `None` if no recorder was installed when the connection was opened, so that the gauge does not fall below zero.
    active: Option<Gauge>,
}

debug_fields!(Connection {});

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(active) = &self.active {
            active.decrement(1.0);
        }
    }
}
