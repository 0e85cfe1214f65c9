//! What is there right now: plugins, connections.

use std::sync::Arc;

use metrics::{Gauge, Recorder};

use crate::catalog::{ACTIVE_CONNECTIONS, PLUGINS_LOADED};
use crate::recorder::{LazyHandle, RecorderRef};

/// Plugins that are loaded: `plugins_loaded`.
///
/// ```
/// use tower_vitals::instrument::Plugins;
///
/// Plugins::new().set(3);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Plugins {
    cell: Arc<LazyHandle<Gauge>>,
}

impl Plugins {
    /// Nothing is recorded yet.
    pub fn new() -> Self {
        Self::on(&RecorderRef::default())
    }

    fn on(recorder: &RecorderRef) -> Self {
        Self {
            cell: Arc::new(LazyHandle::new(recorder, PLUGINS_LOADED.key([]))),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&RecorderRef::new(recorder))
    }

    /// So many are loaded.
    pub fn set(&self, loaded: usize) {
        self.cell.record(|gauge| gauge.set(loaded as f64));
    }
}

impl Default for Plugins {
    fn default() -> Self {
        Self::new()
    }
}

/// Connections that clients have open: `active_connections`, one up for each [`open`](Self::open), one down when what it
/// gave is dropped.
///
/// ```
/// use tower_vitals::instrument::Connections;
///
/// let connections = Connections::new();
/// let socket = connections.open();
/// drop(socket);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Connections {
    cell: Arc<LazyHandle<Gauge>>,
}

impl Connections {
    /// Nothing is recorded yet.
    pub fn new() -> Self {
        Self::on(&RecorderRef::default())
    }

    fn on(recorder: &RecorderRef) -> Self {
        Self {
            cell: Arc::new(LazyHandle::new(recorder, ACTIVE_CONNECTIONS.key([]))),
        }
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self::on(&RecorderRef::new(recorder))
    }

    /// One was opened: it is counted for as long as what this gives is kept.
    pub fn open(&self) -> Connection {
        let was_counted = self.cell.record_if_installed(|gauge| gauge.increment(1.0));
        Connection {
            cell: was_counted.then(|| Arc::clone(&self.cell)),
        }
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new()
    }
}

/// A connection that is open; dropped, it is counted no longer.
#[derive(Debug)]
#[must_use = "it is counted for as long as this is kept"]
pub struct Connection {
    /// `None` for one that was opened before there was a recorder: the gauge must not fall for it.
    cell: Option<Arc<LazyHandle<Gauge>>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(cell) = &self.cell {
            cell.record(|gauge| gauge.decrement(1.0));
        }
    }
}
