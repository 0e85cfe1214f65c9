//! `Report` and `CheckResult`: what was found, and when.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use serde_json::{Map, Value};

use super::{Outcome, Probe, Status};
use crate::time::rfc3339;

/// What one check found, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    name: Arc<str>,
    status: Status,
    message: Option<String>,
    data: Map<String, Value>,
    duration: Duration,
    taken_at: SystemTime,
}

impl CheckResult {
    pub(super) fn new(name: &Arc<str>, outcome: Outcome, duration: Duration) -> Self {
        let (status, message, data) = outcome.presentable();
        Self {
            name: Arc::clone(name),
            status,
            message,
            data,
            duration,
            taken_at: SystemTime::now(),
        }
    }

    /// The check's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    /// What the check found; what that means for the whole is the report's to say.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Why, for a person. Secrets are masked.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The check's own data.
    #[must_use]
    pub fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// How long the check took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// When it was found: a cached result keeps its time.
    #[must_use]
    pub fn taken_at(&self) -> SystemTime {
        self.taken_at
    }
}

/// As one of the `results` of `/health/detailed`.
impl Serialize for CheckResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("CheckResult", 6)?;
        fields.serialize_field("name", self.name())?;
        fields.serialize_field("status", &self.status)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("duration_ms", &milliseconds(self.duration))?;
        fields.serialize_field("timestamp", &rfc3339(self.taken_at))?;
        fields.serialize_field("metrics", &self.data)?;
        fields.end()
    }
}

/// Why a probe says what its checks alone would not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The service is on its way out: [`Health::drain`](super::Health::drain).
    Draining,
    /// The service has not started yet: [`Health::started`](super::Health::started).
    Starting,
    /// The runtime did not beat for too long: [`Builder::runtime_heartbeat`](super::Builder::runtime_heartbeat).
    RuntimeStuck,
    /// The service said so: [`Health::fail_liveness`](super::Health::fail_liveness).
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

/// The health of the service, or of the part that was asked for: a status and what each check found.
///
/// Serialized, it is `/health/detailed`: `overall_status`, `is_healthy` (false when degraded), `total_checks`,
/// `passed_checks` (healthy or degraded), `failed_checks` (their names), `duration_ms`, `timestamp` (RFC 3339, UTC) and
/// `results`. As an axum response it has the status code of [`Status::code`].
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
    pub(super) results: Vec<Arc<CheckResult>>,
    pub(super) duration: Duration,
    pub(super) timestamp: SystemTime,
}

impl Report {
    /// The worst of what the checks mean for the whole: what is optional, or shared and once reached, only degrades.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether the status is [`Status::Healthy`].
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status.is_healthy()
    }

    /// The probe it answers, if it is one's.
    #[must_use]
    pub fn probe(&self) -> Option<Probe> {
        self.probe
    }

    /// Why a probe is unhealthy other than by its checks.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// What each check found, in the order they were added.
    #[must_use]
    pub fn results(&self) -> impl ExactSizeIterator<Item = &CheckResult> {
        self.results.iter().map(|result| &**result)
    }

    /// What this check found, if it is part of the report.
    #[must_use]
    pub fn result(&self, name: &str) -> Option<&CheckResult> {
        self.results().find(|result| result.name() == name)
    }

    /// The names of the checks that found something unhealthy, whatever it means for the whole.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.results()
            .filter(|result| !result.status().is_passing())
            .map(CheckResult::name)
    }

    /// How long it took to gather; next to nothing when all results were cached.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// When it was gathered; each result has its own time.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }
}

/// The shape of `/health/detailed`; `reason` is there only when there is one.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let failed: Vec<_> = self.failed().collect();
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
        fields.serialize_field("results", &Results(&self.results))?;
        fields.end()
    }
}

struct Results<'a>(&'a [Arc<CheckResult>]);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|result| &**result))
    }
}

/// In milliseconds, to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
