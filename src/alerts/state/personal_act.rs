//! `PersonalAct`: a person's act.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::alerts::{redacted, wire};

/// A person's act: an acknowledgement, or a resolution by hand.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PersonalAct {
    /// The person.
    pub by: String,
    /// The person's note.
    pub note: Option<String>,
    /// The time of the act.
    #[serde(with = "wire::time")]
    pub at: SystemTime,
}

debug_redacted!(PersonalAct { by, note, at });

impl PersonalAct {
    /// Without secrets in its texts.
    pub(in crate::alerts) fn new(by: &str, note: Option<&str>, at: SystemTime) -> Self {
        Self {
            by: redacted::text(by),
            note: note.map(redacted::text),
            at,
        }
    }
}
