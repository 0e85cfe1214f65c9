//! `LostLines`: counts the lines that a sink lost.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use metrics::Counter;

use crate::catalog::MONITORING_LOG_LINES_DROPPED;
use crate::recorder::{LazyHandle, RecorderRef};

struct Counted<'a>(&'a AtomicBool);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The lines that one sink lost. The metric counts them, and a report in the log names them.
#[derive(Debug)]
pub(in super::super) struct LostLines {
    total: AtomicU64,
    /// Those that the metric does not show yet, because no recorder is installed or because of another thread.
    uncounted: AtomicU64,
    is_counting: AtomicBool,
    counter: LazyHandle<Counter>,
}

impl LostLines {
    pub(in super::super) fn new(recorder: &RecorderRef, sink: &str) -> Self {
        let key = MONITORING_LOG_LINES_DROPPED.key([sink.to_owned().into()]);
        Self {
            total: AtomicU64::new(0),
            uncounted: AtomicU64::new(0),
            is_counting: AtomicBool::new(false),
            counter: LazyHandle::zero(recorder, key),
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    #[cold]
    pub(in super::super) fn add(&self, lines: u64) {
        self.total.fetch_add(lines, Ordering::Relaxed);
        self.uncounted.fetch_add(lines, Ordering::Relaxed);
        self.publish();
    }

    /// Passes the number to the metric.
    pub(in super::super) fn publish(&self) {
        // A recorder may log when it is called, and lose that line, too: it is not called again within.
        while self.uncounted.load(Ordering::Relaxed) > 0
            && !self.is_counting.swap(true, Ordering::Acquire)
        {
            // Also if the recorder panics.
            let _counted = Counted(&self.is_counting);
            if !self.count() {
                break;
            }
        }
    }

    /// Returns whether a recorder is installed.
    fn count(&self) -> bool {
        let lines = self.uncounted.swap(0, Ordering::Relaxed);
        let is_counted = self
            .counter
            .record_if_installed(|counter| counter.increment(lines));
        if !is_counted {
            self.uncounted.fetch_add(lines, Ordering::Relaxed);
        }
        is_counted
    }
}
