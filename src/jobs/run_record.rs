//! `RunRecord`: a run as the history stores it.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::job::stored_name;
use super::run_id::new_id;
use super::run_status::RunStatus;
use crate::redact::{self, Budget};
use crate::time::{serialize_rfc3339, serialize_seconds};

/// The longest error message that is kept, in characters.
const MAX_ERROR: usize = 500;

/// The number of metadata values that are kept, and the longest text among them in bytes.
const MAX_VALUES: usize = 64;
const MAX_TEXT: usize = 512;

/// One run of a job, as the history stores it and the routes show it.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunRecord {
    /// A UUID of version 7 (RFC 9562), so ids sort by start time.
    pub id: Uuid,
    /// The name of the job.
    pub job_name: String,
    /// The start time, to the microsecond.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub started_at: SystemTime,
    /// The end time; `None` while it runs.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub finished_at: Option<SystemTime>,
    /// Whether it is running, or how it ended.
    pub status: RunStatus,
    /// The duration by a monotonic clock; `None` while it runs and for a lost run.
    #[serde(rename = "duration_seconds", serialize_with = "serialize_seconds")]
    pub duration: Option<Duration>,
    /// The error of a failed run: at most 500 characters, secrets redacted.
    pub error_message: Option<String>,
    /// The metadata of the run, secrets redacted.
    pub metadata: Map<String, Value>,
    /// The instance that ran it.
    pub instance: String,
}

debug_redacted!(RunRecord {
    id,
    job_name,
    started_at,
    finished_at,
    status,
    duration,
    error_message,
    metadata,
    instance
});

impl RunRecord {
    /// Creates the record of a running run. A [`History`](super::History) that reads a stored run sets the other fields.
    #[must_use]
    pub fn new(
        id: Uuid,
        job_name: impl Into<String>,
        started_at: SystemTime,
        instance: impl Into<String>,
    ) -> Self {
        Self {
            id,
            job_name: job_name.into(),
            started_at,
            finished_at: None,
            status: RunStatus::Running,
            duration: None,
            error_message: None,
            metadata: Map::new(),
            instance: instance.into(),
        }
    }

    /// Creates the record of a run that starts now.
    pub(super) fn begin(job_name: &str, instance: &str, metadata: Map<String, Value>) -> Self {
        let now = truncate_to_micros(SystemTime::now());
        Self {
            metadata: redacted(metadata),
            ..Self::new(new_id(), stored_name(job_name), now, instance)
        }
    }

    /// Removes everything that user code supplied.
    pub(super) fn strip(&mut self) {
        self.error_message = None;
        self.metadata = Map::new();
    }

    /// Returns the record of the same run after its end.
    pub(super) fn ended(
        mut self,
        status: RunStatus,
        duration: Duration,
        error: Option<&str>,
        metadata: Map<String, Value>,
    ) -> Self {
        self.status = status;
        self.finished_at = (self.started_at.checked_add(duration)).map(truncate_to_micros);
        self.duration = Some(duration);
        self.error_message = error.map(error_message);
        self.metadata = redacted(metadata);
        self
    }
}

/// Databases store microseconds.
fn truncate_to_micros(time: SystemTime) -> SystemTime {
    let Ok(since) = time.duration_since(SystemTime::UNIX_EPOCH) else {
        return time;
    };
    let rest = Duration::from_nanos(u64::from(since.subsec_nanos() % 1000));
    time.checked_sub(rest).unwrap_or(time)
}

/// Redacts before it cuts, because half a secret would no longer be recognized.
fn error_message(error: &str) -> String {
    // A character has at most four bytes.
    let line = redact::redact_line(error, MAX_ERROR * 4);
    match line.char_indices().nth(MAX_ERROR) {
        Some((end, _)) => line[..end].to_owned(),
        None => line,
    }
}

fn redacted(metadata: Map<String, Value>) -> Map<String, Value> {
    let mut budget = Budget {
        values: MAX_VALUES,
        text: MAX_TEXT,
    };
    redact::json(metadata, &mut budget)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(error: &str, metadata: Value) -> RunRecord {
        let Value::Object(metadata) = metadata else {
            panic!("{metadata}");
        };
        RunRecord::begin("nightly", "here", Map::new()).ended(
            RunStatus::Failed,
            Duration::from_millis(1500),
            Some(error),
            metadata,
        )
    }

    #[test]
    fn errors_are_redacted_and_cut_at_a_character() {
        let secret = "postgres://shop:planted@db/shop refused the password";
        let message = record(secret, json!({})).error_message.unwrap();
        assert!(!message.contains("planted"), "{message}");
        // The secret is at the cut, after characters of four bytes.
        let long = format!(
            "{}postgres://shop:planted@db{}",
            "🦀".repeat(480),
            "x".repeat(1 << 20)
        );
        let message = record(&long, json!({})).error_message.unwrap();
        assert_eq!(message.chars().count(), 500);
        assert!(
            message.starts_with("🦀🦀") && !message.contains("plant"),
            "{message}"
        );
        let short = "🦀".repeat(500);
        assert_eq!(record(&short, json!({})).error_message.unwrap(), short);
    }

    #[test]
    fn metadata_is_redacted_and_bounded() {
        let many: Map<_, _> = (0..1000).map(|n| (format!("n{n}"), json!(n))).collect();
        assert_eq!(record("", Value::Object(many)).metadata.len(), 64);
        let bounded = record(
            "",
            json!({"rows": 120, "api_key": "planted", "url": "redis://:planted@h"}),
        );
        assert_eq!(
            Value::Object(bounded.metadata),
            json!({"rows": 120, "api_key": "[redacted]", "url": "redis://[redacted]@h"})
        );
    }

    #[test]
    fn json_has_every_field_in_order() {
        let mut run = record("boom", json!({"rows": 1}));
        run.id = Uuid::nil();
        run.started_at = SystemTime::UNIX_EPOCH;
        run.finished_at = None;
        assert_eq!(
            serde_json::to_string(&run).unwrap(),
            "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"job_name\":\"nightly\",\
             \"started_at\":\"1970-01-01T00:00:00.000Z\",\"finished_at\":null,\"status\":\"failed\",\
             \"duration_seconds\":1.5,\"error_message\":\"boom\",\"metadata\":{\"rows\":1},\"instance\":\"here\"}"
        );
    }
}
