//! Access to routes, and to the details of health checks.

/// The callers that see the details of health checks: their messages, times and data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Details {
    /// Nobody. `/health/detailed` and its like respond with 403, and `/healthz` names no check.
    Never,
    /// Callers that pass the [guard](super::Routes::guard).
    #[default]
    Authorized,
    /// Everyone.
    Always,
}

/// The callers that a route responds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    Guarded,
    /// As [`Details`] says.
    Details,
}

impl Access {
    /// Whether the guard decides who may pass.
    pub(super) fn is_guarded(self, details: Details) -> bool {
        match self {
            Self::Open => false,
            Self::Guarded => true,
            Self::Details => details == Details::Authorized,
        }
    }
}
