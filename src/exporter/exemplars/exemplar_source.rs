//! `ExemplarSource`: asks the service for the labels of exemplars.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use metrics::Counter;

use super::exemplar_labels::ExemplarLabels;
use crate::cells::ExemplarTimer;
use crate::measure::Instant;
use crate::panics;

/// Returns the labels of what happens on this thread just now.
pub(in crate::exporter) type Supply = Arc<dyn Fn() -> Option<ExemplarLabels> + Send + Sync>;

/// The characters that the names and values of an exemplar's labels may have together (`OpenMetrics` 1.0, "Exemplars").
pub(super) const MAX_CHARACTERS: usize = 128;

pub(in crate::exporter) struct ExemplarSource {
    supply: Supply,
    timer: Arc<ExemplarTimer>,
    dropped: OnceLock<Counter>,
    has_warned: AtomicBool,
    has_panicked: AtomicBool,
}

impl ExemplarSource {
    pub(in crate::exporter) fn new(supply: Supply) -> Self {
        let started = Instant::now();
        Self::with_timer(supply, ExemplarTimer::new(move || started.nanos()))
    }

    pub(in crate::exporter) fn with_timer(supply: Supply, timer: ExemplarTimer) -> Self {
        Self {
            supply,
            timer: Arc::new(timer),
            dropped: OnceLock::new(),
            has_warned: AtomicBool::new(false),
            has_panicked: AtomicBool::new(false),
        }
    }

    pub(in crate::exporter) fn timer(&self) -> &Arc<ExemplarTimer> {
        &self.timer
    }

    /// Counts exemplars that are too long here. The first counter stays.
    pub(in crate::exporter) fn count_dropped(&self, dropped: Counter) {
        self.dropped.get_or_init(|| dropped);
    }

    /// Returns the current labels, unless they are too long.
    pub(super) fn ask(&self) -> Option<ExemplarLabels> {
        // A panic here would end a request that only wanted to be counted.
        let Ok(labels) = panics::caught_here(|| (self.supply)()) else {
            if is_first(&self.has_panicked) {
                tracing::error!(
                    "the function that supplies exemplars panicked: this value has none"
                );
            }
            return None;
        };
        let labels = labels.filter(|labels| !labels.is_of_no_trace())?;
        let characters = labels.characters();
        if characters <= MAX_CHARACTERS {
            return Some(labels);
        }
        if let Some(dropped) = self.dropped.get() {
            dropped.increment(1);
        }
        if is_first(&self.has_warned) {
            tracing::warn!(
                characters,
                most = MAX_CHARACTERS,
                "labels of an exemplar are too long: Prometheus would drop it, so this value has none"
            );
        }
        None
    }
}

fn is_first(flag: &AtomicBool) -> bool {
    !flag.load(Ordering::Relaxed) && !flag.swap(true, Ordering::Relaxed)
}
