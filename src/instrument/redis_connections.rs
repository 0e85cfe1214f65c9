use std::sync::Arc;

use metrics::{Gauge, Recorder};

use crate::catalog::REDIS_CONNECTIONS;
use crate::recorder::{LazyHandle, RecorderRef};

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

    /// Sets the recorder. Defaults to the recorder of the `metrics` facade.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let open = self.open.with_recorder(&RecorderRef::new(recorder));
        Self {
            open: Arc::new(open),
        }
    }

    /// Records the number of open connections.
    pub fn set(&self, open: usize) {
        self.open.record(|gauge| gauge.set(open as f64));
    }
}

impl Default for RedisConnections {
    fn default() -> Self {
        Self::new()
    }
}
