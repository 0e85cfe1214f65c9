//! The JSON shapes of the health routes.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::health::{CheckResult, Reason, Report, Status};
use crate::time::{milliseconds, rfc3339};

/// How much of the checks a response shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DetailLevel {
    Nothing,
    /// Names and statuses.
    Names,
    Everything,
}

/// `/health` and the probes.
#[derive(Serialize)]
pub(super) struct Brief<'a> {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Checks<'a>>,
}

impl<'a> Brief<'a> {
    pub(super) fn new(report: &'a Report, level: DetailLevel) -> Self {
        let message = match report.reason() {
            Some(Reason::Failed(text)) if level == DetailLevel::Everything => Some(&**text),
            _ => None,
        };
        let has_checks = level != DetailLevel::Nothing && report.results().len() > 0;
        Self {
            status: report.status(),
            reason: report.reason().map(Reason::as_str),
            message,
            checks: has_checks.then_some(Checks(report, level)),
        }
    }
}

/// The checks by name.
struct Checks<'a>(&'a Report, DetailLevel);

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report, level) = *self;
        serializer.collect_map(report.results().map(|result| {
            let status = result.status().as_str();
            (result.name(), Entry::new(status, result, level))
        }))
    }
}

/// Not derived: `serde(flatten)` for the details doubles the time of a response.
struct Entry<'a> {
    status: &'static str,
    /// With details only.
    result: Option<&'a CheckResult>,
}

impl<'a> Entry<'a> {
    fn new(status: &'static str, result: &'a CheckResult, level: DetailLevel) -> Self {
        Self {
            status,
            result: (level == DetailLevel::Everything).then_some(result),
        }
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", self.status)?;
        if let Some(result) = self.result {
            if let Some(message) = result.message() {
                map.serialize_entry("message", message)?;
            }
            map.serialize_entry("duration_ms", &milliseconds(result.duration()))?;
            map.serialize_entry("timestamp", &rfc3339(result.taken_at()))?;
            if !result.data().is_empty() {
                map.serialize_entry("data", result.data())?;
            }
        }
        map.end()
    }
}

/// `/healthz`.
#[derive(Serialize)]
pub(super) struct Healthz<'a> {
    status: Status,
    healthy: bool,
    checks: HealthzChecks<'a>,
}

impl<'a> Healthz<'a> {
    pub(super) fn new(report: &'a Report, level: DetailLevel) -> Self {
        Self {
            status: report.status(),
            healthy: report.is_healthy(),
            checks: HealthzChecks(report, level),
        }
    }
}

/// The checks by name, and a `timestamp` among them.
struct HealthzChecks<'a>(&'a Report, DetailLevel);

impl Serialize for HealthzChecks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report, level) = *self;
        let mut map = serializer.serialize_map(None)?;
        if level != DetailLevel::Nothing {
            for result in report.results() {
                let status = match result.status() {
                    Status::Healthy => "ok",
                    Status::Degraded => "warning",
                    Status::Unhealthy => "error",
                };
                map.serialize_entry(result.name(), &Entry::new(status, result, level))?;
            }
        }
        map.serialize_entry("timestamp", &rfc3339(report.timestamp()))?;
        map.end()
    }
}

/// `application/health+json` (draft-inadarei-api-health-check-06).
#[derive(Serialize)]
pub(super) struct HealthJson<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Components<'a>>,
}

impl<'a> HealthJson<'a> {
    pub(super) fn new(report: &'a Report, level: DetailLevel) -> Self {
        Self {
            status: pass_warn_fail(report.status()),
            checks: (level == DetailLevel::Everything).then_some(Components(report)),
        }
    }
}

fn pass_warn_fail(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded => "warn",
        Status::Unhealthy => "fail",
    }
}

/// Arrays of one component each, by `name:measurement`.
struct Components<'a>(&'a Report);

impl Serialize for Components<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.results().map(|result| {
            // Section 4: a colon separates the name from the measurement, so the name has none. Percent signs are encoded
            // as well, because otherwise two names could become one.
            let name = result.name().replace('%', "%25").replace(':', "%3A");
            (format!("{name}:responseTime"), [ResponseTime::new(result)])
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseTime<'a> {
    component_id: &'a str,
    status: &'static str,
    observed_value: f64,
    observed_unit: &'static str,
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
}

impl<'a> ResponseTime<'a> {
    fn new(result: &'a CheckResult) -> Self {
        Self {
            component_id: result.name(),
            status: pass_warn_fail(result.status()),
            observed_value: milliseconds(result.duration()),
            observed_unit: "ms",
            time: rfc3339(result.taken_at()),
            // Section 4.8: left out where the status is pass.
            output: result.message().filter(|_| !result.status().is_healthy()),
        }
    }
}
