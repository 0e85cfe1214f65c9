use std::fmt;

use serde::{Deserialize, Serialize};

/// The subject of a rule when several instances of a service run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Each instance evaluates the rule for itself, and its alerts name the instance.
    #[default]
    Instance,
    /// The rule is about something that all instances share, such as a job or a database: one instance at a time evaluates and
    /// announces it. With one instance it is the same as [`Instance`](Self::Instance).
    Shared,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "instance",
            Self::Shared => "shared",
        })
    }
}
