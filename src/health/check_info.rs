use std::time::Duration;

use serde::{Serialize, Serializer};

use super::entry::CheckEntry;
use super::{CheckResult, Probe};
use crate::time::serialize_milliseconds;

/// A registered check and its last result.
///
/// Serialized, it is one of the `checkers` of `/health/status`, with durations in milliseconds and unknown values as
/// null.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CheckInfo {
    /// The check's name.
    pub name: String,
    /// The probes that it decides.
    pub probes: Vec<Probe>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether its failure only degrades the service.
    #[serde(rename = "optional")]
    pub is_optional: bool,
    /// Whether all instances share the dependency.
    #[serde(rename = "shared")]
    pub is_shared: bool,
    /// The timeout of a run.
    #[serde(rename = "timeout_ms", serialize_with = "serialize_milliseconds")]
    pub timeout: Duration,
    /// The time for which a result is reused.
    #[serde(rename = "cache_ms", serialize_with = "serialize_milliseconds")]
    pub cache_for: Duration,
    /// The period of background runs, if there are any.
    #[serde(rename = "every_ms", serialize_with = "serialize_milliseconds")]
    pub every: Option<Duration>,
    /// The worse results in a row after which a worse status is reported.
    pub failing_after: u32,
    /// The better results in a row after which a better status is reported.
    pub passing_after: u32,
    /// The last result.
    #[serde(rename = "status", serialize_with = "serialize_status")]
    pub last: Option<CheckResult>,
    /// The age of the last result.
    #[serde(rename = "age_ms", serialize_with = "serialize_milliseconds")]
    pub age: Option<Duration>,
    /// Whether a run is in flight.
    #[serde(rename = "running")]
    pub is_running: bool,
}

impl CheckInfo {
    pub(super) fn new(entry: &CheckEntry) -> Self {
        let options = &entry.options;
        let (last, age) = entry.last().unzip();
        Self {
            name: entry.name.to_string(),
            probes: options.probes.clone(),
            tags: options.tags.clone(),
            is_optional: options.is_optional,
            is_shared: options.is_shared,
            timeout: entry.timeout,
            cache_for: entry.cache_for,
            every: entry.every,
            failing_after: options.failing_after.unwrap_or(1),
            passing_after: options.passing_after.unwrap_or(1),
            last: last.map(|result| CheckResult::clone(&result)),
            age,
            is_running: entry.is_running(),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn serialize_status<S: Serializer>(
    last: &Option<CheckResult>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    last.as_ref().map(CheckResult::status).serialize(serializer)
}

debug_redacted!(CheckInfo {
    name,
    probes,
    tags,
    is_optional,
    is_shared,
    timeout,
    cache_for,
    every,
    failing_after,
    passing_after,
    last,
    age,
    is_running
});
