//! Where views begin to count: a zero that can be set anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::Prometheus;
use super::day::day_of;
use super::snapshot::{Difference, Family, Snapshot};
use crate::measure::Instant;

/// What counters and histograms had reached when views began to count.
#[derive(Debug)]
pub(super) struct Zero {
    at: SystemTime,
    /// The same by a clock that nobody sets.
    began: Instant,
    /// None from the recorder's own beginning.
    snapshot: Option<Arc<Snapshot>>,
}

impl Zero {
    pub(super) fn now() -> Mutex<Self> {
        Mutex::new(Self {
            at: SystemTime::now(),
            began: Instant::now(),
            snapshot: None,
        })
    }
}

/// What `/metrics/json` shows.
#[cfg_attr(
    not(feature = "axum"),
    expect(dead_code, reason = "the routes read it")
)]
pub(crate) struct View {
    /// When it began to count.
    pub(crate) since: SystemTime,
    pub(crate) difference: Difference,
    /// `tokens_total` and `token_cost_total` since the day began.
    pub(crate) tokens_today: Vec<Family>,
}

impl Prometheus {
    /// Sets a new zero for what is read by [`since_reset`](Self::since_reset), `/metrics/json` and the history.
    ///
    /// What Prometheus reads goes on rising, and so does [`snapshot`](Self::snapshot): a counter that falls there is taken
    /// for a restart, and what was counted before is lost.
    pub fn reset(&self) {
        let snapshot = Arc::new(self.snapshot());
        *self.zero() = Zero {
            at: snapshot.taken_at,
            began: snapshot.at(),
            snapshot: Some(snapshot),
        };
        if let Some(history) = self.history() {
            history.clear();
        }
    }

    /// What came since the last [`reset`](Self::reset), or since the recorder was built.
    ///
    /// ```
    /// # use metrics::{Key, Level, Metadata, Recorder};
    /// use tower_vitals::Prometheus;
    ///
    /// let prometheus = Prometheus::builder().build()?;
    /// # let metadata = Metadata::new("doc", Level::INFO, None);
    /// let orders = prometheus.register_counter(&Key::from_name("orders_total"), &metadata);
    /// orders.increment(5);
    /// prometheus.reset();
    /// orders.increment(2);
    ///
    /// assert_eq!(prometheus.since_reset().snapshot.sum("orders_total", &[]), Some(2.0));
    /// assert_eq!(prometheus.snapshot().sum("orders_total", &[]), Some(7.0));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    #[must_use]
    pub fn since_reset(&self) -> Difference {
        self.view().difference
    }

    /// When views began to count.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "the routes read it")
    )]
    pub(crate) fn zero_at(&self) -> SystemTime {
        self.zero().at
    }

    /// All that a view shows, by one reading.
    pub(crate) fn view(&self) -> View {
        let (since, began, zero) = {
            let zero = self.zero();
            (zero.at, zero.began, zero.snapshot.clone())
        };
        let now = self.snapshot();
        let tokens_today = {
            let mut day = self.inner.source.day();
            day.turn(day_of(now.taken_at), || now.clone());
            day.since(&now)
        };
        let difference = match zero {
            Some(zero) => now.since(&zero),
            None => Difference {
                elapsed: now.at().since(began),
                snapshot: now,
            },
        };
        View {
            since,
            difference,
            tokens_today,
        }
    }

    fn zero(&self) -> MutexGuard<'_, Zero> {
        let zero = self.inner.zero.lock();
        zero.unwrap_or_else(PoisonError::into_inner)
    }
}
