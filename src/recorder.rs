//! `RecorderRef`, the recorder that metrics go to, `LazyHandle`, a series that is registered at its first use, and `Zeros`,
//! the series of an instrument that exist earlier.

use std::any::Any;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::{fmt, ptr, thread};

use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, Recorder};
use parking_lot::Mutex;

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

    /// Whether `recorder` stays the one that this refers to, on every thread: the supplied or the global recorder, but not the
    /// local recorder of a thread, which a test sets. A handle kept by a `static` would record to the test that was first.
    fn is_lasting(&self, recorder: &dyn Recorder) -> bool {
        self.recorder.is_some() || self.is_installed(recorder) && is_global(recorder)
    }
}

thread_local! {
    /// A local recorder that this thread has seen, because each look for the global one takes a thread.
    static LOCAL: Cell<usize> = const { Cell::new(0) };
}

/// Whether this is the facade's global recorder. The facade does not expose which one a thread sees.
fn is_global(recorder: &dyn Recorder) -> bool {
    /// Once set, the global recorder never changes.
    static GLOBAL: OnceLock<usize> = OnceLock::new();
    let address = |recorder: &dyn Recorder| ptr::from_ref(recorder).cast::<()>().addr();
    let own = address(recorder);
    if let Some(global) = GLOBAL.get() {
        return *global == own;
    }
    if LOCAL.get() == own {
        return false;
    }
    // A new thread has no local recorder.
    let look = move || {
        let facade = RecorderRef::default();
        facade.with(|recorder| facade.is_installed(recorder).then(|| address(recorder)))
    };
    let thread = thread::Builder::new().name("vitals-recorder".to_owned());
    let global = thread.spawn(look).ok().and_then(|look| look.join().ok());
    let is_global = match global.flatten() {
        Some(global) => *GLOBAL.get_or_init(|| global) == own,
        None => false,
    };
    if !is_global {
        LOCAL.set(own);
    }
    is_global
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
pub(crate) trait Handle: Sized + Send + Sync + 'static {
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
    slot: Arc<Slot<H>>,
    zeros: Option<Arc<ZeroSeries>>,
}

/// A series, and its handle once it is kept.
struct Slot<H> {
    key: Key,
    handle: OnceLock<H>,
}

impl<H: Handle> LazyHandle<H> {
    pub(crate) fn new(recorder: &RecorderRef, key: Key) -> Self {
        let handle = OnceLock::new();
        Self {
            recorder: recorder.clone(),
            slot: Arc::new(Slot { key, handle }),
            zeros: None,
        }
    }

    /// A series of the facade's recorder.
    pub(crate) fn global(key: Key) -> Self {
        Self::new(&RecorderRef::default(), key)
    }

    /// A series that exists at 0 before its first use: see [`Zeros`].
    pub(crate) fn zero(recorder: &RecorderRef, key: Key) -> Self {
        let mut zeros = Zeros::new(recorder);
        let handle = zeros.add(key);
        zeros.announce();
        handle
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
                register(series, recorder, keeps);
            }
            if keeps {
                record(slot.keep(recorder));
            } else {
                record(&H::register(recorder, &slot.key));
            }
        });
    }
}

impl<H: Handle> Slot<H> {
    fn keep(&self, recorder: &dyn Recorder) -> &H {
        self.handle.get_or_init(|| H::register(recorder, &self.key))
    }
}

impl<H> fmt::Debug for LazyHandle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LazyHandle").field(&self.slot.key).finish()
    }
}

/// Makes the counters and histograms of one instrument exist at 0 before their first use.
///
/// A counter that appears at 1 has not increased for Prometheus: `increase()` does not see the first event. The series are
/// registered by [`announce`](Self::announce) if there is a recorder, else by [`announce_waiting`] or, with another crate's
/// recorder, by the first use of one of them.
pub(crate) struct Zeros {
    recorder: RecorderRef,
    series: Vec<Arc<dyn Register>>,
    shared: Arc<ZeroSeries>,
}

/// What [`Zeros`] registers. The handles keep it alive.
type ZeroSeries = OnceLock<Vec<Arc<dyn Register>>>;

trait Register: Send + Sync {
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

impl Zeros {
    pub(crate) fn new(recorder: &RecorderRef) -> Self {
        Self {
            recorder: recorder.clone(),
            series: Vec::new(),
            shared: Arc::default(),
        }
    }

    pub(crate) fn add<H: Handle>(&mut self, key: Key) -> LazyHandle<H> {
        let handle = LazyHandle {
            zeros: Some(Arc::clone(&self.shared)),
            ..LazyHandle::new(&self.recorder, key)
        };
        self.series
            .push(Arc::clone(&handle.slot) as Arc<dyn Register>);
        handle
    }

    pub(crate) fn announce(self) {
        let Self {
            recorder,
            series,
            shared,
        } = self;
        shared.get_or_init(|| series);
        let register_if_installed = || {
            recorder.with(|to| {
                let is_installed = recorder.is_installed(to);
                if is_installed {
                    register(&shared, to, recorder.is_lasting(to));
                }
                is_installed
            })
        };
        if register_if_installed() {
            return;
        }
        wait_for_recorder(&shared);
        // The recorder may have been installed just before.
        register_if_installed();
    }
}

/// `keeps` the handles if the recorder is the one that their records will go to.
fn register(series: &ZeroSeries, recorder: &dyn Recorder, keeps: bool) {
    for one in series.get().into_iter().flatten() {
        one.register(recorder, keeps);
    }
}

/// The instruments that were created while no recorder was installed.
static WAITING: Mutex<Vec<Weak<ZeroSeries>>> = Mutex::new(Vec::new());

/// Series of later instruments exist from their first use.
const MAX_WAITING: usize = 4_096;

fn wait_for_recorder(series: &Arc<ZeroSeries>) {
    let mut waiting = WAITING.lock();
    if waiting.len() == MAX_WAITING {
        waiting.retain(|series| series.strong_count() > 0);
    }
    if waiting.len() < MAX_WAITING {
        waiting.push(Arc::downgrade(series));
    }
}

/// Registers the series that waited for the facade's recorder.
#[cfg(feature = "prometheus")]
pub(crate) fn announce_waiting(recorder: &dyn Recorder) {
    // Without the lock, because a recorder may log, and a subscriber may create an instrument.
    let waiting = std::mem::take(&mut *WAITING.lock());
    for series in waiting.iter().filter_map(Weak::upgrade) {
        register(&series, recorder, true);
    }
}
