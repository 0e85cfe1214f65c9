//! `RuleHead`: the part of a rule that the state machine needs.

use std::time::Duration;

use super::inhibition::Inhibition;
use super::timing::Timing;
use crate::alerts::level::Level;
use crate::alerts::rule::Rule;

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

impl<'a> RuleHead<'a> {
    /// The head of a rule that is evaluated at this interval.
    #[must_use]
    pub fn of(rule: &'a Rule, interval: Duration) -> Self {
        Self {
            name: &rule.name,
            level: rule.level,
            timing: Timing {
                for_duration: rule.pending.duration(interval),
                keep_firing_for: rule.keep_firing_for,
                no_data: rule.no_data,
                auto_resolve: rule.auto_resolve,
            },
            inhibited_by: &rule.inhibited_by,
        }
    }
}
