//! `Heartbeat`: whether a component beats within its interval.

use std::sync::Arc;
use std::time::Duration;

use super::super::beat::LastBeat;
use super::super::{Check, Outcome};
use crate::time::milliseconds;

/// Unhealthy when a component did not call [`beat`](Self::beat) for longer than its interval: a worker's loop, a consumer
/// of events. A clone is the same heart.
///
/// The first beat is due within an interval, too, counted from when this was made. It answers from memory, so it may
/// decide liveness. Data: `age_ms`, `interval_ms`.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::Health;
/// use tower_vitals::health::{Check, Probe, checks::Heartbeat};
///
/// let worker = Heartbeat::within(Duration::from_secs(30));
/// let health = Health::builder().check("worker", worker.clone().on(Probe::Liveness)).build()?;
///
/// // In the worker's loop:
/// worker.beat();
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Heartbeat {
    interval: Duration,
    last: Arc<LastBeat>,
}

impl Heartbeat {
    /// A beat is due at least this often.
    #[must_use]
    pub fn within(interval: Duration) -> Self {
        Self {
            interval,
            last: Arc::new(LastBeat::new()),
        }
    }

    /// The component is alive. Costs one read of the clock.
    pub fn beat(&self) {
        self.last.beat();
    }

    fn outcome(&self) -> Outcome {
        let age = self.last.age();
        let outcome = if age <= self.interval {
            Outcome::healthy()
        } else if self.last.has_begun() {
            Outcome::unhealthy().message(format!(
                "no beat for {age:.1?}; one is due every {:?}",
                self.interval
            ))
        } else {
            Outcome::unhealthy().message(format!(
                "no beat yet after {age:.1?}; one is due every {:?}",
                self.interval
            ))
        };
        outcome
            .data("age_ms", milliseconds(age))
            .data("interval_ms", milliseconds(self.interval))
    }
}

impl Check for Heartbeat {
    async fn check(&self) -> Outcome {
        self.outcome()
    }

    fn from_memory(&self) -> Option<Outcome> {
        Some(self.outcome())
    }
}
