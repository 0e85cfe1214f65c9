//! The state machine of alerts, without I/O: [`State`] takes the evaluations of rules and the acts of people, and returns the
//! [`Transition`]s.
//!
//! # States
//!
//! As in Prometheus, an alert is inactive, pending or firing, and resolved after it fired. It fires at the first evaluation at
//! which its condition has held for `for`, counted from the first true evaluation, and at once if `for` is zero. A false
//! evaluation drops a pending alert. `keep_firing_for` begins at the first false evaluation, and a true one clears it.
//!
//! In Prometheus a missing series is a false result. Here a series may be missing once, and the state stays. At the second
//! evaluation in a row its alert ends as [stale](Reason::Stale), whatever `keep_firing_for` says. An evaluation without any data is
//! the rule's choice ([`NoData`](super::NoData)), and a failed one leaves all states alone.
//!
//! # Time
//!
//! Durations are counted by a clock for each rule. A step back of the system's clock counts as no time, so it fires and resolves
//! nothing. Silences alone end by the system's clock.
//!
//! # Restarts
//!
//! [`State`] can be saved as JSON, and goes on when it is read again. The time between the last call before it was saved and the
//! first call after does not count toward `for`, `keep_firing_for` and `auto_resolve`: a service that is down sees nothing. Call
//! [`State::tick`] before saving at shutdown, so that the time until then counts. An alert that fired before fires on without a
//! new transition. Silences go on ending while the service is down.

mod alert;
mod alert_explanation;
mod alert_id;
mod alert_state;
mod clock;
mod code_alert;
mod explain;
mod group;
mod held_back;
mod history;
mod inhibition;
mod limits;
mod matcher;
mod member;
mod members;
mod moment;
mod people;
mod personal_act;
mod reason;
mod recurrence;
mod room;
mod rule_data;
mod rule_explanation;
mod rule_groups;
mod rule_head;
mod silence;
mod silence_target;
mod state;
mod timing;
mod totals;
mod transition;

pub use self::alert::Alert;
pub use self::alert_explanation::AlertExplanation;
pub use self::alert_id::AlertId;
pub use self::alert_state::AlertState;
pub use self::code_alert::CodeAlert;
pub use self::held_back::HeldBack;
pub use self::inhibition::Inhibition;
pub use self::limits::Limits;
pub use self::matcher::Matcher;
pub use self::personal_act::PersonalAct;
pub use self::reason::Reason;
pub use self::recurrence::Recurrence;
pub use self::rule_data::RuleData;
pub use self::rule_explanation::RuleExplanation;
pub use self::rule_head::RuleHead;
pub use self::silence::{Silence, SilenceId};
pub use self::silence_target::SilenceTarget;
pub use self::state::State;
pub use self::timing::Timing;
pub use self::transition::Transition;
