//! `RecorderRef`, the recorder that metrics go to, and `LazyHandle`, a series that is registered at its first use.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, Recorder};

pub(crate) static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

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

    /// Registers a handle for one write. Callers that write rarely use this instead of keeping a handle, because a kept
    /// handle can outlive its series.
    pub(crate) fn register<H: Handle>(&self, key: &Key) -> H {
        self.with(|recorder| H::register(recorder, key))
    }

    /// Sets a gauge that is written rarely, like [`register`](Self::register).
    pub(crate) fn set_gauge(&self, key: &Key, value: f64) {
        self.register::<Gauge>(key).set(value);
    }

    /// Whether `recorder` is a real recorder, so that its handles may be kept, and not the facade's no-op recorder that
    /// stands in until one is installed.
    ///
    /// The facade does not expose this, but its no-op recorder has size zero. Handles of a zero-sized recorder that does
    /// record are not kept; nothing else is lost.
    pub(crate) fn is_installed(&self, recorder: &dyn Recorder) -> bool {
        self.recorder.is_some() || size_of_val(recorder) > 0
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

/// A counter, a gauge or a histogram.
pub(crate) trait Handle: Sized {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self;
}

impl Handle for Counter {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_counter(key, &METADATA)
    }
}

impl Handle for Gauge {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_gauge(key, &METADATA)
    }
}

impl Handle for Histogram {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_histogram(key, &METADATA)
    }
}

/// One series, registered at its first use. While no recorder is installed, each use registers it again.
pub(crate) struct LazyHandle<H> {
    recorder: RecorderRef,
    key: Key,
    handle: OnceLock<H>,
}

impl<H: Handle> LazyHandle<H> {
    pub(crate) fn new(recorder: &RecorderRef, key: Key) -> Self {
        Self {
            recorder: recorder.clone(),
            key,
            handle: OnceLock::new(),
        }
    }

    /// A series of the facade's recorder.
    pub(crate) fn global(key: Key) -> Self {
        Self::new(&RecorderRef::default(), key)
    }

    /// The same series of another recorder.
    pub(crate) fn with_recorder(&self, recorder: &RecorderRef) -> Self {
        Self::new(recorder, self.key.clone())
    }

    #[inline]
    pub(crate) fn record(&self, record: impl FnOnce(&H)) {
        match self.handle.get() {
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

    #[cold]
    fn record_first(&self, record: impl FnOnce(&H)) {
        self.recorder.with(|recorder| {
            let handle = H::register(recorder, &self.key);
            if self.recorder.is_installed(recorder) {
                record(self.handle.get_or_init(|| handle));
            } else {
                record(&handle);
            }
        });
    }
}

impl<H> fmt::Debug for LazyHandle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyHandle").field(&self.key).finish()
    }
}
