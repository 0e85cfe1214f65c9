//! `Probe`: liveness, readiness or startup.

use serde::Serialize;

/// The three questions of an orchestrator (Kubernetes, "Liveness, Readiness, and Startup Probes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// Must this process be restarted? `/livez`.
    Liveness,
    /// May it receive traffic? `/readyz`.
    Readiness,
    /// Has it started? `/startupz`.
    Startup,
}

impl Probe {
    /// `liveness`, `readiness` or `startup`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
        }
    }
}
