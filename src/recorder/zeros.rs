//! `Zeros`: lets the counters and histograms of one instrument exist at 0 before their first use.

use std::sync::Arc;

use metrics::Key;

use super::handle::Handle;
use super::lazy_handle::LazyHandle;
use super::recorder_ref::RecorderRef;
use super::slot::{Register, Slot};
use super::zero_series::ZeroSeries;

/// Makes the counters and histograms of one instrument exist at 0 before their first use.
///
/// A counter that appears at 1 has not increased for Prometheus: `increase()` does not see the first event. The series are
/// registered by [`announce`](Self::announce) if there is a recorder, else by
/// [`announce_waiting`](super::announce_waiting) or, with another crate's recorder, by the first use of one of them.
pub(crate) struct Zeros {
    recorder: RecorderRef,
    series: Vec<Arc<dyn Register>>,
    shared: Arc<ZeroSeries>,
}

impl Zeros {
    pub(crate) fn new(recorder: &RecorderRef) -> Self {
        Self {
            recorder: recorder.clone(),
            series: Vec::new(),
            shared: Arc::default(),
        }
    }

    pub(crate) fn add<H: Handle>(&mut self, key: Key) -> LazyHandle<H> {
        let slot = Arc::new(Slot::new(key));
        self.series.push(Arc::clone(&slot) as Arc<dyn Register>);
        LazyHandle::of(&self.recorder, slot, Some(Arc::clone(&self.shared)))
    }

    pub(crate) fn announce(self) {
        self.shared.announce(self.series, &self.recorder);
    }
}
