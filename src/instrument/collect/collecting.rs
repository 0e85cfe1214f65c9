use std::sync::Arc;

use super::refresh::{self, RefreshHandle};

/// The handle of running [`Collectors`](super::Collectors). They stop when it and its clones are dropped.
///
/// ```
/// use tower_vitals::instrument::Collectors;
///
/// let collecting = Collectors::new().app("1.2.0", "staging").start()?;
/// collecting.refresh();
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "collection stops when this is dropped"]
pub struct Collecting {
    handles: Arc<[RefreshHandle]>,
}

impl Collecting {
    pub(super) fn new(handles: Vec<RefreshHandle>) -> Self {
        Self {
            handles: handles.into(),
        }
    }

    /// Collects all values again that are older than a second. Waits for at most 250 ms.
    pub fn refresh(&self) {
        refresh::refresh(&self.handles);
    }

    /// Returns [`refresh`](Self::refresh) as a function for `Prometheus::on_gather`. The function does not keep the
    /// collectors running.
    pub fn refresher(&self) -> impl Fn() + Send + Sync + 'static + use<> {
        let handles = Arc::downgrade(&self.handles);
        move || {
            if let Some(handles) = handles.upgrade() {
                refresh::refresh(&handles);
            }
        }
    }
}
