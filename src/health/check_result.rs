use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Outcome, Status};
use crate::time::{serialize_milliseconds, serialize_rfc3339};

/// The result of one run of a check. Serialized, it is one of the `results` of `/health/detailed`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckResult {
    pub(super) name: Arc<str>,
    status: Status,
    message: Option<String>,
    #[serde(rename = "duration_ms", serialize_with = "serialize_milliseconds")]
    duration: Duration,
    #[serde(rename = "timestamp", serialize_with = "serialize_rfc3339")]
    taken_at: SystemTime,
    #[serde(rename = "metrics")]
    data: Map<String, Value>,
}

impl CheckResult {
    pub(super) fn new(name: &Arc<str>, outcome: Outcome, duration: Duration) -> Self {
        let (status, message, data) = outcome.presentable();
        Self {
            name: Arc::clone(name),
            status,
            message,
            duration,
            taken_at: SystemTime::now(),
            data,
        }
    }

    /// The check's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The check's own status. An optional or shared check may affect [`Report::status`](super::Report::status) less.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// The reason for the status, for a person. Secrets are masked.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The check's own data.
    #[must_use]
    pub fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// The duration of the run.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The time at which the run ended. A cached result keeps its time.
    #[must_use]
    pub fn taken_at(&self) -> SystemTime {
        self.taken_at
    }
}
