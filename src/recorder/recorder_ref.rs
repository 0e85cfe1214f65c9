//! `RecorderRef`: the recorder that metrics go to.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use metrics::{Gauge, Key, Recorder};

use super::global::{is_global, is_real};
use super::handle::Handle;
use super::request_recorder::RequestRecorder;

/// The crate's own recorder.
#[derive(Clone)]
pub(crate) struct OwnRecorder {
    /// The address of the state that all clones share.
    pub(crate) identity: usize,
    pub(crate) requests: Arc<dyn RequestRecorder>,
}

/// Returns the recorder if it is the crate's own.
type Identify = fn(&dyn Any) -> Option<OwnRecorder>;

static IDENTIFY: OnceLock<Identify> = OnceLock::new();
/// The facade's recorder, if it is the crate's own.
static GLOBAL: OnceLock<OwnRecorder> = OnceLock::new();

/// Lets references recognize the crate's own recorder and its clones.
#[cfg(feature = "prometheus")]
pub(crate) fn identify_with(identify: Identify) {
    IDENTIFY.get_or_init(|| identify);
}

/// Makes the facade's recorder known.
#[cfg(feature = "prometheus")]
pub(crate) fn set_global(own: OwnRecorder) {
    GLOBAL.get_or_init(|| own);
}

/// A recorder that the caller supplied, or else the one of the `metrics` facade.
#[derive(Clone, Default)]
pub(crate) struct RecorderRef {
    recorder: Option<Supplied>,
}

#[derive(Clone)]
struct Supplied {
    recorder: Arc<dyn Recorder + Send + Sync>,
    own: Option<OwnRecorder>,
}

impl RecorderRef {
    pub(crate) fn new(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let identify = IDENTIFY.get();
        Self {
            recorder: Some(Supplied {
                own: identify.and_then(|identify| identify(&recorder)),
                recorder: Arc::new(recorder),
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
            Some(Supplied { own: Some(own), .. }) => own.identity,
            Some(supplied) => Arc::as_ptr(&supplied.recorder).addr(),
            None => GLOBAL.get().map_or(0, |own| own.identity),
        }
    }

    /// Returns what the crate's own recorder offers for requests, if `recorder` is that one and stays the one that this refers
    /// to.
    pub(crate) fn requests(&self, recorder: &dyn Recorder) -> Option<&Arc<dyn RequestRecorder>> {
        let own = match &self.recorder {
            Some(supplied) => supplied.own.as_ref(),
            None => GLOBAL.get().filter(|_| is_global(recorder)),
        };
        own.map(|own| &own.requests)
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
