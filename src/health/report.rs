//! `Report`: a status, and the results that it follows from.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::{CheckResult, Probe, Reason, Status};
use crate::time::{milliseconds, rfc3339};

/// The health of the service, or of the checks selected by a probe or a tag.
///
/// Serialized, it is `/health/detailed`: `overall_status`, `is_healthy` (false when degraded), `reason` (if there is
/// one), `total_checks`, `passed_checks` (healthy or degraded), `failed_checks` (their names), `duration_ms`,
/// `timestamp` (RFC 3339, UTC) and `results`. As an axum response it has the status code of
/// [`status_code`](Self::status_code).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::{Health, health::Status};
///
/// let health = Health::builder().check("cache", || async { Err::<(), _>("evicted") }).build()?;
/// let report = health.report().await;
/// assert_eq!(report.status(), Status::Unhealthy);
/// assert_eq!(report.result("cache").and_then(|result| result.message()), Some("evicted"));
/// let json = serde_json::to_value(&report).unwrap_or_default();
/// assert_eq!(json["failed_checks"], serde_json::json!(["cache"]));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub(super) probe: Option<Probe>,
    pub(super) status: Status,
    pub(super) reason: Option<Reason>,
    pub(super) degraded_status: StatusCode,
    pub(super) results: Vec<Arc<CheckResult>>,
    pub(super) duration: Duration,
    pub(super) timestamp: SystemTime,
}

impl Report {
    pub(super) fn new(
        probe: Option<Probe>,
        results: Vec<Arc<CheckResult>>,
        duration: Duration,
    ) -> Self {
        let status = results.iter().map(|result| result.effect).max();
        Self {
            probe,
            status: status.unwrap_or(Status::Healthy),
            reason: None,
            degraded_status: StatusCode::OK,
            results,
            duration,
            timestamp: SystemTime::now(),
        }
    }

    /// The answer to a probe for which no check ran.
    pub(super) fn without_checks(probe: Probe, reason: Option<Reason>) -> Self {
        let mut report = Self::new(Some(probe), Vec::new(), Duration::ZERO);
        if let Some(reason) = reason {
            report.fail(reason);
        }
        report
    }

    pub(super) fn fail(&mut self, reason: Reason) {
        self.status = Status::Unhealthy;
        self.reason = Some(reason);
    }

    /// The worst status of the checks, where optional checks, and shared ones after their first success, only degrade.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The HTTP status of the report: that of [`Status::status_code`], but
    /// [`HealthBuilder::degraded_status`](super::HealthBuilder::degraded_status) when degraded, except for a probe.
    #[must_use]
    pub fn status_code(&self) -> StatusCode {
        match self.status {
            Status::Degraded => self.degraded_status,
            status => status.status_code(),
        }
    }

    /// Whether the status is [`Status::Healthy`].
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status.is_healthy()
    }

    /// The probe that this answers, if any.
    #[must_use]
    pub fn probe(&self) -> Option<Probe> {
        self.probe
    }

    /// Why the probe is unhealthy regardless of its checks, if it is.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// The results, in the order in which the checks were added.
    #[must_use]
    pub fn results(&self) -> impl ExactSizeIterator<Item = &CheckResult> {
        self.results.iter().map(|result| &**result)
    }

    /// The result of the check with this name, if it is part of the report.
    #[must_use]
    pub fn result(&self, name: &str) -> Option<&CheckResult> {
        self.results().find(|result| result.name() == name)
    }

    /// The names of the unhealthy checks, including those that only degrade the service.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.results()
            .filter(|result| !result.status().is_passing())
            .map(CheckResult::name)
    }

    /// The time it took to gather the results; almost zero if all were cached.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The time of the report. Each result has its own time.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }
}

/// The body of `/health/detailed`.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let failed: Vec<_> = self.failures().collect();
        let mut fields = serializer.serialize_struct("Report", 9)?;
        fields.serialize_field("overall_status", &self.status)?;
        fields.serialize_field("is_healthy", &self.is_healthy())?;
        match &self.reason {
            Some(reason) => fields.serialize_field("reason", reason.as_str())?,
            None => fields.skip_field("reason")?,
        }
        fields.serialize_field("total_checks", &self.results.len())?;
        fields.serialize_field("passed_checks", &(self.results.len() - failed.len()))?;
        fields.serialize_field("failed_checks", &failed)?;
        fields.serialize_field("duration_ms", &milliseconds(self.duration))?;
        fields.serialize_field("timestamp", &rfc3339(self.timestamp))?;
        fields.serialize_field("results", &self.results)?;
        fields.end()
    }
}
