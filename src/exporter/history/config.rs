//! `HistoryConfig`: the bounds of a history.

use std::time::Duration;

use crate::error::Error;

/// The maximum number of ticks in a window. A tick takes 48 bytes, and every query reads all ticks.
const MAX_TICKS: u128 = 100_000;

/// The bounds of a [`MetricsHistory`](super::MetricsHistory): a tick every 5 s for 15 min, of 10,000 series by default.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::Prometheus;
/// use tower_vitals::exporter::HistoryConfig;
///
/// let config = HistoryConfig::new()
///     .interval(Duration::from_secs(10))
///     .window(Duration::from_secs(60 * 60));
/// let prometheus = Prometheus::builder().history(config).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct HistoryConfig {
    pub(super) interval: Duration,
    pub(super) window: Duration,
    pub(super) max_series: usize,
}

impl HistoryConfig {
    /// Returns the default bounds.
    pub fn new() -> Self {
        Self {
            interval: Duration::from_secs(5),
            window: Duration::from_secs(15 * 60),
            max_series: 10_000,
        }
    }

    /// Sets the time between ticks. Defaults to 5 s.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets the age at which ticks are dropped. Defaults to 15 min.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets the maximum number of series over all metrics. Later series are dropped. Defaults to 10,000.
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = max;
        self
    }

    /// Returns the number of ticks in the window, rounded up.
    pub(super) fn ticks(&self) -> usize {
        let interval = self.interval.as_nanos().max(1);
        let ticks = self.window.as_nanos().div_ceil(interval);
        usize::try_from(ticks).unwrap_or(usize::MAX)
    }

    pub(in crate::exporter) fn mistakes(&self) -> Vec<Error> {
        let mut mistakes = Vec::new();
        let Self {
            interval, window, ..
        } = self;
        if interval.is_zero() {
            mistakes.push(Error::invalid(
                "history interval is zero: any longer interval is allowed, 5 s is the default",
            ));
        } else if self.ticks() < 2 {
            mistakes.push(Error::invalid(format!(
                "history window {window:?} holds fewer than two ticks of {interval:?}: a rate needs two, so the window must \
                 be longer than the interval"
            )));
        } else if self.ticks() as u128 > MAX_TICKS {
            mistakes.push(Error::invalid(format!(
                "history window {window:?} holds {} ticks of {interval:?}: at most {MAX_TICKS} are allowed",
                self.ticks()
            )));
        }
        if self.max_series == 0 {
            mistakes.push(Error::invalid(
                "history series limit is zero: at least 1 is needed, 10,000 is the default",
            ));
        }
        mistakes
    }
}

default_is_new!(HistoryConfig);
