//! `Keep`: how much of the past is kept.

use std::time::Duration;

use crate::error::Error;

/// Ticks in a window: each takes 48 bytes, and every query goes through all of them.
const MAX_TICKS: u128 = 100_000;

/// How much a [`History`](super::History) keeps: a tick every 5 s, for 15 min, of 10,000 series.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::Prometheus;
/// use tower_vitals::exporter::Keep;
///
/// let keep = Keep::every(Duration::from_secs(10)).window(Duration::from_hours(1));
/// let prometheus = Prometheus::builder().history(keep).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Keep {
    pub(super) interval: Duration,
    pub(super) window: Duration,
    pub(super) max_series: usize,
}

impl Keep {
    /// Takes a tick every `interval`, of the defaults otherwise.
    pub fn every(interval: Duration) -> Self {
        Self {
            interval,
            ..Self::default()
        }
    }

    /// How far back it goes. Defaults to 15 min.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How many series are kept, over all metrics: the first that come. Defaults to 10,000.
    pub fn max_series(mut self, max: usize) -> Self {
        self.max_series = max;
        self
    }

    /// Ticks in the window, the last one cut short if they do not fill it.
    pub(super) fn ticks(&self) -> usize {
        let ticks = self
            .window
            .as_nanos()
            .div_ceil(self.interval.as_nanos().max(1));
        usize::try_from(ticks).unwrap_or(usize::MAX)
    }

    pub(in crate::exporter) fn check(&self) -> Result<(), Error> {
        let Self {
            interval, window, ..
        } = self;
        let problem = if interval.is_zero() {
            "interval is zero: anything longer is allowed, 5 s is the default".to_owned()
        } else if window < interval {
            format!(
                "window {window:?} is shorter than its interval {interval:?}: at least as long is needed"
            )
        } else if self.ticks() < 2 {
            format!(
                "window {window:?} holds one tick of {interval:?}: it takes two for a rate, so it must be longer than its interval"
            )
        } else if self.ticks() as u128 > MAX_TICKS {
            format!(
                "window {window:?} has {} ticks of {interval:?}: at most {MAX_TICKS} are allowed",
                self.ticks()
            )
        } else if self.max_series == 0 {
            "series limit is zero: at least 1 is needed, 10,000 is the default".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::invalid(format!("history's {problem}")))
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            window: Duration::from_mins(15),
            max_series: 10_000,
        }
    }
}
