//! `Reporter`: logs that spans are lost, at most once a minute.

use super::counters::Counters;
use super::exporter::Exported;
use crate::log_limit::LogLimit;
use crate::outage::{Outage, Transition};

/// Counts the spans of a batch, and logs that spans are lost. Used by the exporter's thread only.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    outage: Outage,
    refusals: LogLimit,
    overflows: LogLimit,
    known_overflow: u64,
}

impl Reporter {
    pub(super) fn exported(&self, exported: &Exported, spans: u64, counters: &Counters) {
        match exported {
            Exported::Taken { rejected } => {
                counters.exported.add(spans.saturating_sub(*rejected));
                self.refused(*rejected, "the collector took the other spans", counters);
            }
            Exported::Refused(failure) => self.refused(spans, &failure.message, counters),
            Exported::Failed(_) => counters.export_failed.add(spans),
        }
        let is_failing = matches!(exported, Exported::Failed(_));
        match (self.outage.update(is_failing), exported) {
            (Some(Transition::Started), Exported::Failed(failure)) => {
                let (error, left_out) = (&*failure.message, self.outage.left_out());
                tracing::warn!(error, left_out, "spans cannot be exported and are lost");
            }
            (Some(Transition::Ended), _) => {
                let lost = counters.counts().lost();
                tracing::info!(lost_so_far = lost, "spans are exported again");
            }
            _ => {}
        }
    }

    fn refused(&self, spans: u64, reason: &str, counters: &Counters) {
        counters.rejected.add(spans);
        if spans > 0
            && let Some(left_out) = self.refusals.next()
        {
            tracing::warn!(spans, reason, left_out, "the collector refused spans");
        }
    }

    /// Spans that found no room are logged here, because they end where nothing may be logged.
    pub(super) fn overflows(&mut self, counters: &Counters) {
        let lost = counters.queue_full.get();
        if lost > self.known_overflow
            && let Some(_) = self.overflows.next()
        {
            let spans = lost - self.known_overflow;
            tracing::warn!(spans, "spans were dropped because the queue is full");
            self.known_overflow = lost;
        }
    }
}
