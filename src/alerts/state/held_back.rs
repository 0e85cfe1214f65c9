//! `HeldBack`: a cause why an alert is not announced.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::alert_id::AlertId;
use crate::alerts::{redacted, wire};

/// A cause why an alert is not announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeldBack {
    /// Its condition has not held for long enough.
    Pending,
    /// Its condition is true, but there are as many active alerts as [`Limits::active`](super::Limits::active) allows.
    LimitReached,
    /// A silence matches it.
    Silenced {
        /// The silence: its number, or its identity if instances share it. The engine shows the identity that all its silences have.
        silence: String,
        /// The silence's end.
        #[serde(with = "wire::time")]
        until: SystemTime,
    },
    /// An alert of another rule fires.
    Inhibited {
        /// The other rule.
        rule: String,
        /// The other alert.
        alert: AlertId,
    },
    /// A person resolved it, and its condition has not been false since.
    ResolvedByHand {
        /// The person.
        by: String,
        /// The time.
        #[serde(with = "wire::time")]
        at: SystemTime,
    },
    /// Its value satisfies the comparison, but stands on fewer events than the rule demands.
    TooFewEvents {
        /// The number that the rule demands.
        minimum: u64,
    },
    /// Its state is from an earlier evaluation.
    Stale {
        /// The reason: the error of the last evaluation, `no data` or `missing from the last evaluation`.
        reason: String,
    },
}

impl HeldBack {
    /// For people: without secrets, and a silence of this ledger has the name that they know.
    pub(in crate::alerts) fn shown(self, ledger: &str) -> Self {
        match self {
            Self::Silenced { silence, until } => Self::Silenced {
                silence: match silence.parse::<u64>() {
                    Ok(number) => format!("{ledger}-{number}"),
                    Err(_) => silence,
                },
                until,
            },
            Self::ResolvedByHand { by, at } => Self::ResolvedByHand {
                by: redacted::text(&by),
                at,
            },
            other => other,
        }
    }
}
