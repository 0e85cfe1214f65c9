//! `Status`: healthy, degraded or unhealthy.

use std::fmt;

use http::StatusCode;
use serde::Serialize;

/// The status of a check or of the service. Ordered by severity, so the worst of several is their maximum.
///
/// ```
/// use tower_vitals::health::Status;
///
/// let worst = [Status::Healthy, Status::Degraded].into_iter().max();
/// assert_eq!(worst, Some(Status::Degraded));
/// assert_eq!(Status::Degraded.status_code(), 200);
/// assert_eq!(Status::Unhealthy.to_string(), "unhealthy");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It works.
    Healthy,
    /// It works, but needs attention. Traffic may continue.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl Status {
    /// `healthy`, `degraded` or `unhealthy`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// The HTTP status of a probe: 503 when unhealthy, else 200. See also [`Report::status_code`](super::Report::status_code).
    #[must_use]
    pub const fn status_code(self) -> StatusCode {
        match self {
            Self::Healthy | Self::Degraded => StatusCode::OK,
            Self::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether this is [`Status::Healthy`].
    #[must_use]
    pub const fn is_healthy(self) -> bool {
        matches!(self, Self::Healthy)
    }

    /// Whether this is healthy or degraded.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        !matches!(self, Self::Unhealthy)
    }

    /// The value of `health_check_status`.
    pub(crate) const fn as_gauge(self) -> f64 {
        match self {
            Self::Healthy => 1.0,
            Self::Degraded => 0.5,
            Self::Unhealthy => 0.0,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
