//! `LazyHandle`: a series that is registered at its first use.

use std::fmt;
use std::sync::Arc;

use metrics::Key;

use super::handle::Handle;
use super::recorder_ref::RecorderRef;
use super::slot::{Register, Slot};
use super::zero_series::ZeroSeries;

/// One series, registered at its first use. While no recorder is installed, each use registers it again.
pub(crate) struct LazyHandle<H> {
    recorder: RecorderRef,
    slot: Arc<Slot<H>>,
    zeros: Option<Arc<ZeroSeries>>,
}

impl<H: Handle> LazyHandle<H> {
    pub(crate) fn new(recorder: &RecorderRef, key: Key) -> Self {
        Self::of(recorder, Arc::new(Slot::new(key)), None)
    }

    pub(super) fn of(
        recorder: &RecorderRef,
        slot: Arc<Slot<H>>,
        zeros: Option<Arc<ZeroSeries>>,
    ) -> Self {
        Self {
            recorder: recorder.clone(),
            slot,
            zeros,
        }
    }

    /// A series of the facade's recorder.
    pub(crate) fn global(key: Key) -> Self {
        Self::new(&RecorderRef::default(), key)
    }

    /// A series that exists at 0 before its first use, like those of [`Zeros`](super::Zeros).
    pub(crate) fn zero(recorder: &RecorderRef, key: Key) -> Self {
        let (slot, zeros) = (Arc::new(Slot::new(key)), Arc::<ZeroSeries>::default());
        zeros.announce(vec![Arc::clone(&slot) as Arc<dyn Register>], recorder);
        Self::of(recorder, slot, Some(zeros))
    }

    /// The same series of another recorder.
    pub(crate) fn with_recorder(&self, recorder: &RecorderRef) -> Self {
        let key = self.slot.key.clone();
        match self.zeros {
            Some(_) => Self::zero(recorder, key),
            None => Self::new(recorder, key),
        }
    }

    #[inline]
    pub(crate) fn record(&self, record: impl FnOnce(&H)) {
        match self.slot.handle.get() {
            Some(handle) => record(handle),
            None => self.record_first(record),
        }
    }

    /// Records only if a recorder is installed. Returns whether it did.
    pub(crate) fn record_if_installed(&self, record: impl FnOnce(&H)) -> bool {
        let is_installed = self
            .recorder
            .with(|recorder| self.recorder.is_installed(recorder));
        if is_installed {
            self.record(record);
        }
        is_installed
    }

    /// Returns the handle of the current recorder, if one is installed.
    pub(crate) fn installed(&self) -> Option<H>
    where
        H: Clone,
    {
        let mut handle = None;
        self.record_if_installed(|own| handle = Some(own.clone()));
        handle
    }

    #[cold]
    fn record_first(&self, record: impl FnOnce(&H)) {
        let slot = &*self.slot;
        self.recorder.with(|recorder| {
            let keeps = self.recorder.is_lasting(recorder);
            if let Some(series) = &self.zeros
                && self.recorder.is_installed(recorder)
            {
                series.register(recorder, keeps);
            }
            if keeps {
                record(slot.keep(recorder));
            } else {
                record(&H::register(recorder, &slot.key));
            }
        });
    }
}

impl<H> fmt::Debug for LazyHandle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyHandle").field(&self.slot.key).finish()
    }
}
