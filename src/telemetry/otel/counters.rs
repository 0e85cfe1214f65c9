//! `Counters`: counts spans for metrics and for the report of the shutdown.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Key};

use super::span_counts::SpanCounts;
use crate::catalog::{
    MONITORING_SPAN_EXPORT_FAILURES, MONITORING_SPANS_DROPPED, MONITORING_SPANS_EXPORTED,
};
use crate::recorder::{LazyHandle, RecorderRef, Zeros};

/// Counts spans. opentelemetry's own shutdown reports success although spans are lost.
pub(super) struct Counters {
    pub(super) exported: Count,
    pub(super) queue_full: Count,
    pub(super) export_failed: Count,
    pub(super) rejected: Count,
    pub(super) shutdown: Count,
    pub(super) failures: Count,
}

impl Counters {
    pub(super) fn new(recorder: &RecorderRef) -> Self {
        let mut zeros = Zeros::new(recorder);
        let mut dropped = |reason: &'static str| {
            Count::new(&mut zeros, MONITORING_SPANS_DROPPED.key([reason.into()]))
        };
        let (queue_full, export_failed) = (dropped("queue_full"), dropped("export_failed"));
        let (rejected, shutdown) = (dropped("rejected"), dropped("shutdown"));
        let counters = Self {
            exported: Count::new(&mut zeros, MONITORING_SPANS_EXPORTED.key([])),
            queue_full,
            export_failed,
            rejected,
            shutdown,
            failures: Count::new(&mut zeros, MONITORING_SPAN_EXPORT_FAILURES.key([])),
        };
        zeros.announce();
        counters
    }

    pub(super) fn counts(&self) -> SpanCounts {
        SpanCounts {
            exported: self.exported.get(),
            queue_full: self.queue_full.get(),
            export_failed: self.export_failed.get(),
            rejected: self.rejected.get(),
            shutdown: self.shutdown.get(),
        }
    }
}

debug_fields!(Counters {});

/// A counter that can be read.
pub(super) struct Count {
    count: AtomicU64,
    metric: LazyHandle<Counter>,
}

impl Count {
    fn new(zeros: &mut Zeros, key: Key) -> Self {
        Self {
            count: AtomicU64::new(0),
            metric: zeros.add(key),
        }
    }

    pub(super) fn add(&self, spans: u64) {
        if spans > 0 {
            self.count.fetch_add(spans, Ordering::Relaxed);
            self.metric.record(|counter| counter.increment(spans));
        }
    }

    pub(super) fn get(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
