//! `RecorderRef`: the recorder that metrics go to.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use metrics::{Gauge, Key, Recorder};

use super::global::{is_global, is_real};
use super::handle::Handle;
use super::request_recorder::RequestRecorder;

/// Returns the address of the state that the clones of a recorder share, for the types that it knows.
type Identify = fn(&dyn Any) -> Option<usize>;

static IDENTIFY: OnceLock<Identify> = OnceLock::new();
/// The identity of the facade's recorder, or zero if it is of another crate.
static GLOBAL: AtomicUsize = AtomicUsize::new(0);

/// Lets [`RecorderRef::is_same`] recognize the clones of the crate's own recorder.
#[cfg(feature = "prometheus")]
pub(crate) fn identify_with(identify: Identify) {
    IDENTIFY.get_or_init(|| identify);
}

/// Sets the identity of the facade's recorder.
#[cfg(feature = "prometheus")]
pub(crate) fn set_global_identity(identity: usize) {
    GLOBAL.store(identity, Ordering::Relaxed);
}

/// A recorder that the caller supplied, or else the one of the `metrics` facade.
#[derive(Clone, Default)]
pub(crate) struct RecorderRef {
    recorder: Option<Supplied>,
}

#[derive(Clone)]
struct Supplied {
    recorder: Arc<dyn Recorder + Send + Sync>,
    identity: usize,
}

impl RecorderRef {
    pub(crate) fn new(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let identify = IDENTIFY.get();
        let known = identify.and_then(|identify| identify(&recorder));
        let recorder = Arc::new(recorder);
        Self {
            recorder: Some(Supplied {
                identity: known.unwrap_or_else(|| Arc::as_ptr(&recorder).addr()),
                recorder,
            }),
        }
    }

    pub(crate) fn with<T>(&self, register: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.recorder {
            Some(supplied) => register(&supplied.recorder),
            None => metrics::with_recorder(register),
        }
    }

    /// Whether both are the same recorder: the facade's, clones of one reference, or clones of the crate's recorder.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    fn identity(&self) -> usize {
        match &self.recorder {
            Some(supplied) => supplied.identity,
            None => GLOBAL.load(Ordering::Relaxed),
        }
    }

    /// Returns what the crate's own recorder offers for requests, if `recorder` is that one and stays the one that this refers
    /// to.
    #[expect(clippy::unused_self, reason = "no recorder offers it yet")]
    pub(crate) fn requests(&self, _recorder: &dyn Recorder) -> Option<&Arc<dyn RequestRecorder>> {
        None
    }

    /// Registers a handle for one write. Callers that write rarely use this instead of keeping a handle, because a kept
    /// handle can outlive its series.
    pub(crate) fn register<H: Handle>(&self, key: &Key) -> H {
        self.with(|recorder| H::register(recorder, key))
    }

    /// Sets a gauge that is written rarely, like [`register`](Self::register).
    pub(crate) fn set_gauge(&self, key: &Key, value: f64) {
        self.register::<Gauge>(key).set(value);
    }

    /// Whether `recorder` is a real recorder, so that its handles may be kept.
    pub(crate) fn is_installed(&self, recorder: &dyn Recorder) -> bool {
        self.recorder.is_some() || is_real(recorder)
    }

    /// Whether `recorder` stays the one that this refers to, on every thread: the supplied or the global recorder, but not the
    /// local recorder of a thread, which a test sets. A handle kept by a `static` would record to the test that was first.
    pub(super) fn is_lasting(&self, recorder: &dyn Recorder) -> bool {
        self.recorder.is_some() || self.is_installed(recorder) && is_global(recorder)
    }
}

impl fmt::Debug for RecorderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.recorder {
            Some(_) => "RecorderRef::new(..)",
            None => "RecorderRef::global",
        })
    }
}
