//! `Problem`: what is not as was expected of a job.

use std::fmt;
use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, Serializer};
use uuid::Uuid;

use crate::time::rfc3339;

/// What may be wrong with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProblemKind {
    /// It has not started at the time it was expected, nor within its grace. Ends with its next start.
    Late,
    /// Nor has it at the time after that: at least one run never came. Ends with its next start.
    Missed,
    /// A run is under way for longer than the job's `max_runtime`. Ends with that run.
    TooLong,
    /// It has failed, or was lost, so many times in a row. Ends with its next success.
    Failing,
}

impl ProblemKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Late, Self::Missed, Self::TooLong, Self::Failing];

    /// `late`, `missed`, `too_long` or `failing`.
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

impl Serialize for ProblemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that is wrong with a job.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// Of this report of it, and of no other.
    pub id: Uuid,
    /// The job.
    pub job_name: String,
    /// What is wrong.
    pub kind: ProblemKind,
    /// Since when, by the history's clock.
    pub since: SystemTime,
    /// The run that takes too long, or the last that failed.
    pub run: Option<Uuid>,
    /// A sentence about it, without secrets and of at most 700 characters.
    pub message: String,
    /// The job's last start when this was found: another ends what is late or missed.
    pub last_start: Option<SystemTime>,
    /// The job's [`success_epoch`](super::store::JobState::success_epoch) when this was found: another ends what is failing.
    pub success_epoch: u64,
}

/// Characters of a message: an error's 500 and what is said around it.
pub(super) const MAX_MESSAGE: usize = 700;

impl Problem {
    /// A report of it, with an id of its own. For a [`History`](super::History) that reads one, and sets the rest.
    #[must_use]
    pub fn new(
        job_name: impl Into<String>,
        kind: ProblemKind,
        since: SystemTime,
        message: impl Into<String>,
    ) -> Self {
        let message: String = message.into();
        Self {
            id: Uuid::now_v7(),
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

/// `kind`, `since`, `run_id`, `message`.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("since", &rfc3339(self.since))?;
        map.serialize_entry("run_id", &self.run.map(|run| run.to_string()))?;
        map.serialize_entry("message", &self.message)?;
        map.end()
    }
}
