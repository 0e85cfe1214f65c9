//! `SpanCounts`: what became of the sampled spans.

/// What became of the sampled spans that have ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpanCounts {
    /// The collector took them.
    pub exported: u64,
    /// The queue was full.
    pub queue_full: u64,
    /// Every attempt to send them failed until their time was over.
    pub export_failed: u64,
    /// The collector refused them.
    pub rejected: u64,
    /// They were not sent when the shutdown's deadline came, or ended after the shutdown began.
    pub shutdown: u64,
}

impl SpanCounts {
    /// The spans that did not reach the collector.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.queue_full + self.export_failed + self.rejected + self.shutdown
    }
}
