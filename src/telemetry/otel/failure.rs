//! `Failure`: an attempt to export spans that failed.

use std::time::Duration;

/// The longest pause that a collector can ask for.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

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
    /// In two requests, because one is too large.
    Halved,
}
