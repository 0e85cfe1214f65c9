//! `RunRecord`: one run, as the history has it.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::job::MAX_NAME;
use crate::redact::{self, Budget};
use crate::time::rfc3339;

/// Characters of an error that are kept.
const MAX_ERROR: usize = 500;

/// Values of the metadata that are kept, and bytes of each text among them.
const MAX_VALUES: usize = 64;
const MAX_TEXT: usize = 512;

/// How a run is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// It has not ended.
    Running,
    /// It ended well.
    Success,
    /// It gave an error, or panicked.
    Failed,
    /// It was dropped before it ended.
    Cancelled,
    /// The process that ran it is gone: its lease ran out.
    Lost,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Success,
        Self::Failed,
        Self::Cancelled,
        Self::Lost,
    ];

    /// `running`, `success`, `failed`, `cancelled` or `lost`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|status| status.as_str() == text);
        known.ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is no status of a run: {all} are allowed")
        })
    }
}

impl Serialize for RunStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One run of a job, as the history keeps it and the routes show it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunRecord {
    /// A UUID of version 7 (RFC 9562): later runs have later ones.
    pub id: Uuid,
    /// The job.
    pub job_name: String,
    /// When it began, to the microsecond.
    pub started_at: SystemTime,
    /// When it ended; none while it runs.
    pub finished_at: Option<SystemTime>,
    /// How it is, or how it ended.
    pub status: RunStatus,
    /// How long it took, by a clock that nobody sets; none while it runs, and for one that was lost.
    pub duration: Option<Duration>,
    /// Why it failed, in at most 500 characters and without secrets.
    pub error_message: Option<String>,
    /// What the run told of itself, without secrets.
    pub metadata: Map<String, Value>,
    /// The instance that ran it.
    pub instance: String,
}

impl RunRecord {
    /// One that is running, as far as is known: for a [`History`](super::History) that reads it, and sets the rest.
    #[must_use]
    pub fn begun(
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

    /// One that begins now.
    pub(super) fn begin(job_name: &str, instance: &str, metadata: Map<String, Value>) -> Self {
        let now = micros(SystemTime::now());
        Self {
            metadata: shown(metadata),
            ..Self::begun(Uuid::now_v7(), name_of(job_name), now, instance)
        }
    }

    /// Without what it tells of itself.
    pub(super) fn strip(&mut self) {
        self.error_message = None;
        self.metadata = Map::new();
    }

    /// The same run when it has ended.
    pub(super) fn ended(
        mut self,
        status: RunStatus,
        duration: Duration,
        error: Option<&str>,
        metadata: Map<String, Value>,
    ) -> Self {
        self.status = status;
        self.finished_at = self.started_at.checked_add(duration).map(micros);
        self.duration = Some(duration);
        self.error_message = error.map(error_message);
        self.metadata = shown(metadata);
        self
    }
}

/// As the history has it: that of a job that was not registered may be anything.
pub(super) fn name_of(job_name: &str) -> String {
    let name = job_name.chars().take(MAX_NAME);
    name.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether the history may have a job of this name.
pub(super) fn is_name(job_name: &str) -> bool {
    name_of(job_name) == job_name
}

/// What databases keep.
fn micros(time: SystemTime) -> SystemTime {
    let Ok(since) = time.duration_since(SystemTime::UNIX_EPOCH) else {
        return time;
    };
    let rest = Duration::from_nanos(u64::from(since.subsec_nanos() % 1000));
    time.checked_sub(rest).unwrap_or(time)
}

/// Redacted before it is cut, so that no secret is cut in half and kept.
fn error_message(error: &str) -> String {
    // Four bytes are the longest character.
    let line = redact::redact_line(error, MAX_ERROR * 4);
    match line.char_indices().nth(MAX_ERROR) {
        Some((end, _)) => line[..end].to_owned(),
        None => line,
    }
}

fn shown(metadata: Map<String, Value>) -> Map<String, Value> {
    let mut budget = Budget {
        values: MAX_VALUES,
        text: MAX_TEXT,
    };
    redact::json(metadata, &mut budget)
}

/// `id`, `job_name`, `started_at`, `finished_at`, `status`, `duration_seconds`, `error_message`, `metadata`, `instance`.
impl Serialize for RunRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(9))?;
        map.serialize_entry("id", &self.id.to_string())?;
        map.serialize_entry("job_name", &self.job_name)?;
        map.serialize_entry("started_at", &rfc3339(self.started_at))?;
        map.serialize_entry("finished_at", &self.finished_at.and_then(rfc3339))?;
        map.serialize_entry("status", &self.status)?;
        let seconds = self.duration.map(|duration| duration.as_secs_f64());
        map.serialize_entry("duration_seconds", &seconds)?;
        map.serialize_entry("error_message", &self.error_message)?;
        map.serialize_entry("metadata", &self.metadata)?;
        map.serialize_entry("instance", &self.instance)?;
        map.end()
    }
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

    /// Issue D, "Must show" 6.
    #[test]
    fn errors_are_redacted_and_cut_at_a_character() {
        let secret = "postgres://shop:planted@db/shop refused the password";
        let message = record(secret, json!({})).error_message.unwrap();
        assert!(!message.contains("planted"), "{message}");
        // A secret right where it is cut, and characters of four bytes.
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
        let found = record(
            "",
            json!({"rows": 120, "api_key": "planted", "url": "redis://:planted@h"}),
        );
        assert_eq!(
            Value::Object(found.metadata),
            json!({"rows": 120, "api_key": "[redacted]", "url": "redis://[redacted]@h"})
        );
    }

    #[test]
    fn it_is_shown_with_all_its_fields() {
        let shown = serde_json::to_value(record("boom", json!({"rows": 1}))).unwrap();
        assert_eq!(shown["status"], "failed");
        assert_eq!(shown["duration_seconds"], 1.5);
        assert_eq!(shown["error_message"], "boom");
        assert_eq!(shown["instance"], "here");
        let fields: Vec<_> = shown.as_object().unwrap().keys().collect();
        assert_eq!(fields.len(), 9, "{fields:?}");
    }

    #[test]
    fn statuses_are_read_by_their_names() {
        for status in RunStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        let error = "gone".parse::<RunStatus>().unwrap_err();
        assert_eq!(
            error,
            "\"gone\" is no status of a run: running, success, failed, cancelled, lost are allowed"
        );
    }
}
