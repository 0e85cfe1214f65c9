//! What everything recorded is read from.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use metrics_exporter_prometheus::PrometheusHandle;

use super::day::{Day, day_of};
use super::fractional::Fractional;
use super::snapshot::Snapshot;
use crate::catalog::Family;

type Hook = Arc<dyn Fn() + Send + Sync>;

thread_local! {
    /// Whether this thread is within a hook: one that reads would be called by its own reading, and so for ever.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// It is no handle of the recorder: whoever holds it keeps no thread going.
pub(super) struct Source {
    handle: PrometheusHandle,
    pub(super) fractional: Fractional,
    hooks: RwLock<Vec<Hook>>,
    day: Mutex<Day>,
}

impl Source {
    pub(super) fn new(handle: PrometheusHandle, families: &[Family], prefix: &str) -> Self {
        Self {
            handle,
            fractional: Fractional::among(families, prefix),
            hooks: RwLock::default(),
            day: Mutex::new(Day::new(prefix, day_of(SystemTime::now()))),
        }
    }

    pub(super) fn before_reading(&self, hook: impl Fn() + Send + Sync + 'static) {
        let mut hooks = self.hooks.write().unwrap_or_else(PoisonError::into_inner);
        hooks.push(Arc::new(hook));
    }

    pub(super) fn render(&self) -> String {
        self.call_hooks();
        self.render_as_it_is()
    }

    fn render_as_it_is(&self) -> String {
        self.fractional.as_counters(self.handle.render())
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.render())
    }

    /// What there is without asking anybody for more.
    pub(super) fn snapshot_as_it_is(&self) -> Snapshot {
        Snapshot::of(&self.render_as_it_is())
    }

    /// What is done while nobody reads: samples are drained, and another day is noticed.
    pub(super) fn upkeep(&self) {
        self.handle.run_upkeep();
        let day = day_of(SystemTime::now());
        self.day().turn(day, || self.snapshot_as_it_is());
    }

    pub(super) fn day(&self) -> MutexGuard<'_, Day> {
        self.day.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn call_hooks(&self) {
        if IN_HOOK.replace(true) {
            return;
        }
        // Not under the lock: a hook may add another.
        let hooks = self
            .hooks
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for hook in hooks {
            if catch_unwind(AssertUnwindSafe(|| hook())).is_err() {
                tracing::error!(
                    "a function that is called before each reading of the metrics panicked"
                );
            }
        }
        IN_HOOK.set(false);
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}
