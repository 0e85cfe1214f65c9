//! The JSON shapes of the health routes.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};

use crate::health::{CheckResult, Reason, Report, Status};
use crate::time::{milliseconds, rfc3339};

/// How much of the checks an answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Nothing.
    Nothing,
    /// Their names and how they are.
    Names,
    /// Everything.
    Details,
}

/// `/health` and the probes: `status`, the `reason` if there is one, and `checks` by name if there are any.
pub(crate) struct Brief<'a>(pub(crate) &'a Report, pub(crate) Depth);

impl Serialize for Brief<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report, depth) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", &report.status())?;
        if let Some(reason) = report.reason() {
            map.serialize_entry("reason", reason.as_str())?;
            // What the service said of itself is a detail.
            if let (Reason::Failed(text), Depth::Details) = (reason, depth) {
                map.serialize_entry("message", &**text)?;
            }
        }
        if *depth != Depth::Nothing && report.results().len() > 0 {
            map.serialize_entry("checks", &ByName(report, |result| Entry(result, *depth)))?;
        }
        map.end()
    }
}

/// The results by name, each made into what `entry` makes of it.
struct ByName<'a, F>(&'a Report, F);

impl<'a, F: Fn(&'a CheckResult) -> E, E: Serialize> Serialize for ByName<'a, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .results()
                .map(|result| (result.name(), self.1(result))),
        )
    }
}

struct Entry<'a>(&'a CheckResult, Depth);

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", &self.0.status())?;
        details(&mut map, self.0, self.1)?;
        map.end()
    }
}

fn details<M: SerializeMap>(
    map: &mut M,
    result: &CheckResult,
    depth: Depth,
) -> Result<(), M::Error> {
    if depth != Depth::Details {
        return Ok(());
    }
    if let Some(message) = result.message() {
        map.serialize_entry("message", message)?;
    }
    map.serialize_entry("duration_ms", &milliseconds(result.duration()))?;
    map.serialize_entry("timestamp", &rfc3339(result.taken_at()))?;
    if !result.data().is_empty() {
        map.serialize_entry("data", result.data())?;
    }
    Ok(())
}

/// `/healthz`: `status`, `healthy`, and `checks`, by name and with a `timestamp` among them.
pub(super) struct Healthz<'a>(pub(super) &'a Report, pub(super) Depth);

impl Serialize for Healthz<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Healthz", 3)?;
        fields.serialize_field("status", &self.0.status())?;
        fields.serialize_field("healthy", &self.0.is_healthy())?;
        fields.serialize_field("checks", &HealthzChecks(self.0, self.1))?;
        fields.end()
    }
}

struct HealthzChecks<'a>(&'a Report, Depth);

impl Serialize for HealthzChecks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report, depth) = *self;
        let mut map = serializer.serialize_map(None)?;
        if depth != Depth::Nothing {
            for result in report.results() {
                map.serialize_entry(result.name(), &HealthzEntry(result, depth))?;
            }
        }
        map.serialize_entry("timestamp", &rfc3339(report.timestamp()))?;
        map.end()
    }
}

struct HealthzEntry<'a>(&'a CheckResult, Depth);

impl Serialize for HealthzEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let status = match self.0.status() {
            Status::Healthy => "ok",
            Status::Degraded => "warning",
            Status::Unhealthy => "error",
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", status)?;
        details(&mut map, self.0, self.1)?;
        map.end()
    }
}

/// `application/health+json` (draft-inadarei-api-health-check-06): `status` pass, warn or fail; with details, `checks` by
/// `name:measurement`, each an array of one component.
pub(super) struct HealthJson<'a>(pub(super) &'a Report, pub(super) Depth);

impl Serialize for HealthJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report, depth) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", pass_warn_fail(report.status()))?;
        if *depth == Depth::Details {
            map.serialize_entry("checks", &Components(report))?;
        }
        map.end()
    }
}

fn pass_warn_fail(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded => "warn",
        Status::Unhealthy => "fail",
    }
}

struct Components<'a>(&'a Report);

impl Serialize for Components<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let components = self.0.results().map(|result| {
            // Section 4: a colon separates the component from the measurement, and so may not be part of its name. Percent
            // signs are encoded along, lest two names become one.
            let name = result.name().replace('%', "%25").replace(':', "%3A");
            (format!("{name}:responseTime"), [Component(result)])
        });
        serializer.collect_map(components)
    }
}

struct Component<'a>(&'a CheckResult);

impl Serialize for Component<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let result = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("componentId", result.name())?;
        map.serialize_entry("status", pass_warn_fail(result.status()))?;
        map.serialize_entry("observedValue", &milliseconds(result.duration()))?;
        map.serialize_entry("observedUnit", "ms")?;
        map.serialize_entry("time", &rfc3339(result.taken_at()))?;
        // Section 4.8: left out where the status is pass.
        if let Some(output) = result.message().filter(|_| !result.status().is_healthy()) {
            map.serialize_entry("output", output)?;
        }
        map.end()
    }
}
