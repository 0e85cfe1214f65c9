//! `When`: the time of a step.

use std::time::SystemTime;

/// The time of a step. Steps wait for each other, so a time that was read before the wait may be older than that of the last step.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    /// The time at which the step begins.
    Now,
    /// The same, but not before this time, which an evaluation is stamped with.
    NotBefore(SystemTime),
    /// The time that the app gave.
    At(SystemTime),
}

impl When {
    pub(super) fn read(self) -> SystemTime {
        match self {
            Self::Now => SystemTime::now(),
            Self::NotBefore(time) => SystemTime::now().max(time),
            Self::At(time) => time,
        }
    }
}
