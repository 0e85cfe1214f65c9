//! `NativeFamily`: a family of histograms with exponential buckets.

use crate::cells::NativeOptions;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exporter) struct NativeFamily {
    pub(in crate::exporter) options: NativeOptions,
    /// Whether the formats show its classic buckets, too.
    pub(in crate::exporter) has_classic: bool,
}
