use std::sync::Arc;

use metrics::{Gauge, Recorder};

use crate::catalog::PLUGINS_LOADED;
use crate::recorder::{LazyHandle, RecorderRef};

/// Loaded plugins: `plugins_loaded`.
///
/// ```
/// use tower_vitals::instrument::Plugins;
///
/// Plugins::new().set(3);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Plugins {
    loaded: Arc<LazyHandle<Gauge>>,
}

impl Plugins {
    /// Creates the instrument. Records nothing yet.
    pub fn new() -> Self {
        Self {
            loaded: Arc::new(LazyHandle::global(PLUGINS_LOADED.key([]))),
        }
    }

    /// Sets the recorder. Defaults to the recorder of the `metrics` facade.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let loaded = self.loaded.with_recorder(&RecorderRef::new(recorder));
        Self {
            loaded: Arc::new(loaded),
        }
    }

    /// Records the number of loaded plugins.
    pub fn set(&self, loaded: usize) {
        self.loaded.record(|gauge| gauge.set(loaded as f64));
    }
}

impl Default for Plugins {
    fn default() -> Self {
        Self::new()
    }
}
