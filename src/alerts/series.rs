//! `Series`: one series with its points.

use super::points::Points;
use crate::exporter::Labels;

/// One series with its points.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    pub(super) points: Points,
}
