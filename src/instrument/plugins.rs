use std::sync::Arc;

use metrics::Gauge;

use crate::catalog::PLUGINS_LOADED;
use crate::recorder::LazyHandle;

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

    recorder_setter!(handles: loaded);

    /// Records the number of loaded plugins.
    pub fn set(&self, loaded: usize) {
        self.loaded.record(|gauge| gauge.set(loaded as f64));
    }
}

default_is_new!(Plugins);
