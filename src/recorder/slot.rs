//! `Slot`: a series and its handle.

use std::sync::OnceLock;

use metrics::{Key, Recorder};

use super::handle::Handle;

/// A series, and its handle once it is kept.
pub(super) struct Slot<H> {
    pub(super) key: Key,
    pub(super) handle: OnceLock<H>,
}

impl<H: Handle> Slot<H> {
    pub(super) fn new(key: Key) -> Self {
        let handle = OnceLock::new();
        Self { key, handle }
    }

    pub(super) fn keep(&self, recorder: &dyn Recorder) -> &H {
        self.handle.get_or_init(|| H::register(recorder, &self.key))
    }
}

/// A slot of any kind of handle.
pub(super) trait Register: Send + Sync {
    /// `keeps` the handle if the recorder is the one that its records will go to.
    fn register(&self, recorder: &dyn Recorder, keeps: bool);
}

impl<H: Handle> Register for Slot<H> {
    fn register(&self, recorder: &dyn Recorder, keeps: bool) {
        if keeps {
            self.keep(recorder);
        } else {
            drop(H::register(recorder, &self.key));
        }
    }
}
