//! `RuleHead`: the part of a rule that the state machine needs.

use super::inhibition::Inhibition;
use super::timing::Timing;
use crate::alerts::level::Level;

/// The part of a rule that the state machine needs.
#[derive(Debug, Clone, Copy)]
pub struct RuleHead<'a> {
    /// The rule's name, which is unique.
    pub name: &'a str,
    /// The urgency of its alerts.
    pub level: Level,
    /// Its durations.
    pub timing: Timing,
    /// The rules that hold its notifications back.
    pub inhibited_by: &'a [Inhibition],
}
