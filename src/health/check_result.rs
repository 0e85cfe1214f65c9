use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Outcome, Status};
use crate::redact::{self, Budget, redact_line};
use crate::time::{serialize_milliseconds, serialize_rfc3339};

/// The longest message in bytes.
const MAX_MESSAGE: usize = 1024;
/// The longest string in the data, in bytes.
const MAX_TEXT: usize = 256;
/// The number of values in the data, at all depths.
const MAX_VALUES: usize = 64;

/// The result of one run of a check. Serialized, it is one of the `results` of `/health/detailed`.
#[derive(Clone, PartialEq, Serialize)]
pub struct CheckResult {
    pub(super) name: Arc<str>,
    status: Status,
    /// The service's status that follows from it.
    #[serde(skip)]
    pub(super) effect: Status,
    message: Option<String>,
    #[serde(rename = "duration_ms", serialize_with = "serialize_milliseconds")]
    duration: Duration,
    #[serde(rename = "timestamp", serialize_with = "serialize_rfc3339")]
    taken_at: SystemTime,
    #[serde(rename = "metrics")]
    data: Map<String, Value>,
}

debug_redacted!(CheckResult {
    name,
    status,
    message,
    duration,
    taken_at,
    data
});

impl CheckResult {
    /// Masks secrets in the outcome and limits its size.
    pub(super) fn new(name: &Arc<str>, outcome: Outcome, duration: Duration) -> Self {
        let message = outcome
            .message
            .map(|message| redact_line(&message, MAX_MESSAGE))
            .filter(|message| !message.is_empty());
        let mut budget = Budget {
            values: MAX_VALUES,
            text: MAX_TEXT,
        };
        Self {
            name: Arc::clone(name),
            status: outcome.status,
            effect: outcome.status,
            message,
            duration,
            taken_at: SystemTime::now(),
            data: redact::json(outcome.data, &mut budget),
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

    /// The reason for the status, as a sentence. Secrets are masked.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn results_have_no_secrets_and_a_limited_size() {
        let outcome = Outcome::unhealthy()
            .message(format!("redis://:pw@h {}", "x".repeat(1_000_000)))
            .data("url", "redis://:pw@h/0")
            .data("api_token", "pw")
            .data("db_password", 77_777)
            .data("tokens", json!(["pw"]))
            .data("credentials", json!({"value": "pw"}))
            .data("token_is_set", true)
            .data("prompt_tokens", 12)
            .data("long", "z".repeat(10_000))
            .data(
                "z_nested",
                json!({"password": "pw", "z_list": vec!["y"; 1000]}),
            );
        let result = CheckResult::new(&Arc::from("it"), outcome, Duration::ZERO);
        let message = result.message().unwrap();
        assert!(message.starts_with("redis://[redacted]@h xxx"), "{message}");
        assert!(message.len() < MAX_MESSAGE + 40);
        let shown = Value::Object(result.data).to_string();
        assert!(!shown.contains("pw") && !shown.contains("77777"), "{shown}");
        assert!(shown.contains(r#""token_is_set":true"#), "{shown}");
        assert!(shown.contains(r#""prompt_tokens":12"#), "{shown}");
        assert!(shown.len() < 4096, "{}", shown.len());
        assert!(shown.contains(r#""api_token":"[redacted]""#), "{shown}");
    }
}
