use std::fmt;
use std::sync::Arc;

use crate::redact::Redacted;

/// Why a probe is unhealthy regardless of its checks.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The service is shutting down: [`Health::drain`](super::Health::drain).
    Draining,
    /// The service has not started yet ([`Health::mark_started`](super::Health::mark_started)), or a check has no result
    /// yet.
    Starting,
    /// The runtime is stuck: [`HealthBuilder::runtime_heartbeat`](super::HealthBuilder::runtime_heartbeat).
    RuntimeStuck,
    /// The service failed its own liveness: [`Health::fail_liveness`](super::Health::fail_liveness).
    Failed(Arc<str>),
}

impl Reason {
    /// `draining`, `starting`, `runtime_stuck` or `failed`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Starting => "starting",
            Self::RuntimeStuck => "runtime_stuck",
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draining => f.write_str("Draining"),
            Self::Starting => f.write_str("Starting"),
            Self::RuntimeStuck => f.write_str("RuntimeStuck"),
            Self::Failed(reason) => f.debug_tuple("Failed").field(&Redacted(reason)).finish(),
        }
    }
}
