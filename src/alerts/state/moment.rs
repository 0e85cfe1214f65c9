//! `Moment`: the time of an evaluation.

use std::time::{Duration, SystemTime};

/// The time of an evaluation, by the system's clock and by the rule's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: SystemTime,
    pub(super) clock: Duration,
}
