use std::time::Duration;

use super::Probe;

/// How a check runs and what it decides: returned by [`Check::options`](super::Check::options), changed by the
/// combinators of [`Check`](super::Check).
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::health::CheckOptions;
///
/// let mut options = CheckOptions::default();
/// options.timeout = Some(Duration::from_secs(10));
/// options.is_optional = true;
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CheckOptions {
    /// See [`Check::timeout`](super::Check::timeout).
    pub timeout: Option<Duration>,
    /// See [`Check::cache_for`](super::Check::cache_for).
    pub cache_for: Option<Duration>,
    /// See [`Check::every`](super::Check::every).
    pub every: Option<Duration>,
    /// See [`Check::failing_after`](super::Check::failing_after). Defaults to 1.
    pub failing_after: Option<u32>,
    /// See [`Check::passing_after`](super::Check::passing_after). Defaults to 1.
    pub passing_after: Option<u32>,
    /// See [`Check::optional`](super::Check::optional).
    pub is_optional: bool,
    /// See [`Check::shared`](super::Check::shared).
    pub is_shared: bool,
    /// See [`Check::on`](super::Check::on). Empty stands for readiness.
    pub probes: Vec<Probe>,
    /// See [`Check::tag`](super::Check::tag).
    pub tags: Vec<String>,
}

impl CheckOptions {
    pub(super) fn add_probe(&mut self, probe: Probe) {
        if !self.probes.contains(&probe) {
            self.probes.push(probe);
        }
    }
}

/// The durations of checks that do not set their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) timeout: Duration,
    pub(super) cache_for: Duration,
}

debug_redacted!(CheckOptions {
    timeout,
    cache_for,
    every,
    failing_after,
    passing_after,
    is_optional,
    is_shared,
    probes,
    tags
});
