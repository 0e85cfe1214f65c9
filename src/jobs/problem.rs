use std::fmt;
use std::time::SystemTime;

use serde::Serialize;
use uuid::Uuid;

use super::run_id::new_id;
use crate::time::serialize_rfc3339;

/// The kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The job did not start at the expected time, nor within its grace. Ends with its next start.
    Late,
    /// The job did not start by the following expected time either, so at least one run is missing. Ends with its next
    /// start.
    Missed,
    /// A run has taken longer than the job's `max_runtime`. Ends with that run.
    TooLong,
    /// Runs failed or were lost several times in a row. Ends with the next success.
    Failing,
}

impl ProblemKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Late, Self::Missed, Self::TooLong, Self::Failing];

    /// Returns `late`, `missed`, `too_long` or `failing`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Missed => "missed",
            Self::TooLong => "too_long",
            Self::Failing => "failing",
        }
    }

    #[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An expectation of a job that is not met. Its JSON has `kind`, `since`, `run_id` and `message`.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// Identifies this report of the problem.
    #[serde(skip)]
    pub id: Uuid,
    /// The name of the job.
    #[serde(skip)]
    pub job_name: String,
    /// The kind of the problem.
    pub kind: ProblemKind,
    /// The time at which it began, by the history's clock.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub since: SystemTime,
    /// The run that takes too long, or the last failed one.
    #[serde(rename = "run_id")]
    pub run: Option<Uuid>,
    /// A description of at most 700 characters, secrets redacted.
    pub message: String,
    /// The job's last start when the problem was found. A later start ends `Late` and `Missed`.
    #[serde(skip)]
    pub last_start: Option<SystemTime>,
    /// The job's [`success_epoch`](super::store::JobState::success_epoch) when the problem was found. A higher one ends
    /// `Failing`.
    #[serde(skip)]
    pub success_epoch: u64,
}

debug_redacted!(Problem {
    id,
    job_name,
    kind,
    since,
    run,
    message,
    last_start,
    success_epoch
});

/// The longest message, in characters: an error's 500 and the text around it.
const MAX_MESSAGE: usize = 700;

impl Problem {
    /// Creates a report with a new id. A [`History`](super::History) that reads a stored one sets the other fields.
    #[must_use]
    pub fn new(
        job_name: impl Into<String>,
        kind: ProblemKind,
        since: SystemTime,
        message: impl Into<String>,
    ) -> Self {
        let message: String = message.into();
        Self {
            id: new_id(),
            job_name: job_name.into(),
            kind,
            since,
            run: None,
            message: message.chars().take(MAX_MESSAGE).collect(),
            last_start: None,
            success_epoch: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_serialized_by_its_name() {
        for (index, kind) in ProblemKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
    }

    #[test]
    fn json_has_the_public_fields_in_order() {
        let problem = Problem::new("nightly", ProblemKind::Late, SystemTime::UNIX_EPOCH, "late");
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            "{\"kind\":\"late\",\"since\":\"1970-01-01T00:00:00.000Z\",\"run_id\":null,\"message\":\"late\"}"
        );
    }
}
