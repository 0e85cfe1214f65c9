//! `Escalation`: the channel for alerts that nobody acknowledges in time.

use std::time::Duration;

/// The channel for alerts that nobody acknowledges in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Escalation {
    pub(super) after: Duration,
    pub(super) to: String,
}
