//! `Heartbeat`: a component beats within its interval.

use std::sync::Arc;
use std::time::Duration;

use super::super::beat::LastBeat;
use super::super::{Check, Outcome};
use crate::time::milliseconds;

/// Unhealthy when a component, such as a worker loop or an event consumer, has not called [`beat`](Self::beat) for
/// longer than its interval. Clones share the heartbeat.
///
/// The first beat is due one interval after creation. Answers from memory, so it may decide liveness. Data: `age_ms`,
/// `interval_ms`.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::Health;
/// use tower_vitals::health::{Check, Probe, checks::Heartbeat};
///
/// let worker = Heartbeat::new(Duration::from_secs(30));
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
    /// Expects a beat at least this often.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            last: Arc::new(LastBeat::new()),
        }
    }

    /// Records that the component is alive. Costs one read of the clock.
    pub fn beat(&self) {
        self.last.beat();
    }

    fn outcome(&self) -> Outcome {
        let age = self.last.age();
        let outcome = if age <= self.interval {
            Outcome::healthy()
        } else {
            let problem = if self.last.has_begun() {
                "no beat for"
            } else {
                "no beat yet after"
            };
            let interval = self.interval;
            Outcome::unhealthy()
                .message(format!("{problem} {age:.1?}: expected every {interval:?}"))
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
