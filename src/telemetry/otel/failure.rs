//! `Failure`: an attempt to export spans that failed.

use std::time::Duration;

/// An attempt to export spans that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// Holds no secret.
    pub(super) message: String,
    pub(super) retry: Retry,
}

/// When an export is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// The collector refused the spans for good.
    Never,
    /// After a pause that grows.
    Soon,
    /// After the pause that the collector asks for.
    After(Duration),
}
