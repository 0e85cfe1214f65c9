//! `Gatherer`: reads all metrics from their source, after the hooks have run.

use std::cell::Cell;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::{Mutex, RwLock};

use super::daily_totals::{DailyTotals, day_of};
use super::escaping::Escaping;
use super::format::Format;
use super::snapshot::{FamilySnapshot, Snapshot};
use super::source::Source;
use crate::panics;

type Hook = Arc<dyn Fn() + Send + Sync>;

thread_local! {
    /// Whether this thread runs hooks. Without it, a hook that gathers metrics would call itself forever.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// The background threads share it. It holds no handle of the recorder, so it does not keep them alive.
pub(super) struct Gatherer {
    source: Box<dyn Source>,
    hooks: RwLock<Vec<Hook>>,
    daily_totals: Mutex<DailyTotals>,
}

impl Gatherer {
    /// The prefix is empty or ends in an underscore.
    pub(super) fn new(source: impl Source + 'static, prefix: &str) -> Self {
        Self {
            source: Box::new(source),
            hooks: RwLock::default(),
            daily_totals: Mutex::new(DailyTotals::new(prefix, day_of(SystemTime::now()))),
        }
    }

    pub(super) fn on_gather(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.hooks.write().push(Arc::new(hook));
    }

    /// Returns the metrics in text format 0.0.4.
    pub(super) fn text(&self) -> String {
        self.run_hooks();
        self.source.text(Escaping::Underscores)
    }

    /// Returns the metrics as `OpenMetrics` 1.0 text that every scraper can take.
    pub(super) fn openmetrics(&self) -> String {
        self.run_hooks();
        self.source.openmetrics(Escaping::Underscores)
    }

    /// Returns the metrics in the protobuf format that every scraper can take.
    pub(super) fn protobuf(&self) -> Vec<u8> {
        self.run_hooks();
        self.source.protobuf(Escaping::Underscores)
    }

    pub(super) fn render(&self, format: Format, escaping: Escaping) -> Vec<u8> {
        self.run_hooks();
        self.source.render(format, escaping)
    }

    pub(super) fn source(&self) -> &dyn Source {
        &*self.source
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        self.run_hooks();
        self.source.snapshot()
    }

    /// Returns a snapshot that later ones are compared with.
    pub(super) fn baseline(&self) -> Snapshot {
        self.run_hooks();
        self.baseline_without_hooks()
    }

    pub(super) fn baseline_without_hooks(&self) -> Snapshot {
        self.source.snapshot_with_idle()
    }

    /// Does the periodic work of the source and detects the change of day.
    pub(super) fn upkeep(&self) {
        self.source.upkeep();
        let day = day_of(SystemTime::now());
        let mut totals = self.daily_totals.lock();
        totals.roll_over(day, || self.baseline_without_hooks());
    }

    /// Returns the increases from the start of the day to `now`.
    pub(super) fn daily_totals(&self, now: &Snapshot) -> Vec<FamilySnapshot> {
        let mut totals = self.daily_totals.lock();
        totals.roll_over(day_of(now.taken_at), || self.baseline_without_hooks());
        totals.increases(now)
    }

    pub(super) fn run_hooks(&self) {
        if IN_HOOK.replace(true) {
            return;
        }
        let _in_hook = InHook;
        // The lock is released first, because a hook may add another hook.
        let hooks = self.hooks.read().clone();
        for hook in hooks {
            if panics::caught_here(|| hook()).is_err() {
                tracing::error!("on_gather hook panicked; it runs again at the next gathering");
            }
        }
    }
}

/// Ends the hooks, even if the log panics.
struct InHook;

impl Drop for InHook {
    fn drop(&mut self) {
        IN_HOOK.set(false);
    }
}
