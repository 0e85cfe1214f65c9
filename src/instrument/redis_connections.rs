use std::sync::Arc;

use metrics::Gauge;

use crate::catalog::REDIS_CONNECTIONS;
use crate::recorder::LazyHandle;

/// Open Redis connections: `redis_connections`.
#[derive(Debug, Clone)]
#[must_use]
pub struct RedisConnections {
    open: Arc<LazyHandle<Gauge>>,
}

impl RedisConnections {
    /// Creates the instrument. Records nothing yet.
    pub fn new() -> Self {
        Self {
            open: Arc::new(LazyHandle::global(REDIS_CONNECTIONS.key([]))),
        }
    }

    recorder_setter!(handles: open);

    /// Records the number of open connections.
    pub fn set(&self, open: usize) {
        self.open.record(|gauge| gauge.set(open as f64));
    }
}

default_is_new!(RedisConnections);
