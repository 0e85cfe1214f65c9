//! Where records go, and handles that are registered there at their first use.

use std::fmt;
use std::sync::{Arc, OnceLock};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};

use crate::catalog::Family;

pub(crate) static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// The recorder that was given, or the facade's.
#[derive(Clone, Default)]
pub(crate) struct Target {
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
}

impl Target {
    pub(crate) fn recorder(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Self {
            recorder: Some(Arc::new(recorder)),
        }
    }

    pub(crate) fn with<T>(&self, register: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.recorder {
            Some(recorder) => register(recorder),
            None => metrics::with_recorder(register),
        }
    }

    /// A handle to write once: whoever writes seldom need not care for handles that outlive their series.
    #[cfg_attr(
        not(feature = "health"),
        allow(dead_code, reason = "collectors of other features register by it")
    )]
    pub(crate) fn register<H: Handle>(&self, family: &Family, labels: Vec<Label>) -> H {
        let key = Key::from_parts(family.name, labels);
        self.with(|recorder| H::register(recorder, &key))
    }

    /// Whether handles of this recorder may be kept: not those of what stands in while none is installed.
    ///
    /// The facade does not tell it apart, but it is of size zero. A recorder of size zero that does record somewhere
    /// loses the keeping of its handles, and nothing else.
    pub(crate) fn is_lasting(&self, recorder: &dyn Recorder) -> bool {
        self.recorder.is_some() || size_of_val(recorder) > 0
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.recorder {
            Some(_) => "Target::recorder(..)",
            None => "Target::global",
        })
    }
}

/// What can be registered: a counter, a gauge or a histogram.
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

/// One series, registered at its first use, and again at each until a recorder is there to last.
pub(crate) struct Cell<H> {
    target: Target,
    key: Key,
    handle: OnceLock<H>,
}

impl<H: Handle> Cell<H> {
    pub(crate) fn new(target: &Target, family: &Family, labels: Vec<Label>) -> Self {
        Self {
            target: target.clone(),
            key: Key::from_parts(family.name, labels),
            handle: OnceLock::new(),
        }
    }

    #[inline]
    pub(crate) fn write(&self, write: impl FnOnce(&H)) {
        match self.handle.get() {
            Some(handle) => write(handle),
            None => self.write_first(write),
        }
    }

    /// As [`write`](Self::write), but not where nothing would last. Gives whether it was written.
    pub(crate) fn write_kept(&self, write: impl FnOnce(&H)) -> bool {
        let may_last = self
            .target
            .with(|recorder| self.target.is_lasting(recorder));
        if may_last {
            self.write(write);
        }
        may_last
    }

    #[cold]
    fn write_first(&self, write: impl FnOnce(&H)) {
        self.target.with(|recorder| {
            let handle = H::register(recorder, &self.key);
            if self.target.is_lasting(recorder) {
                write(self.handle.get_or_init(|| handle));
            } else {
                write(&handle);
            }
        });
    }
}

impl<H> fmt::Debug for Cell<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cell").field(&self.key).finish()
    }
}
