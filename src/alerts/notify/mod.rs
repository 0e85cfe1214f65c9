//! The decision of what to announce, to whom and when, without I/O: [`Notifier::tick`] compares the alerts of a
//! [`State`](super::state::State) with what each channel was told, and returns the [`Decisions`].
//!
//! # Groups
//!
//! As in Alertmanager, each channel's [`Policy`] groups alerts by labels. A new group waits for `group_wait`, or not at all for a
//! critical alert. Then it is judged every `group_interval`: it tells new alerts, resolved ones, and that all are resolved. If
//! nothing changed, it repeats after `repeat_interval`, which is thereby rounded up to a multiple of `group_interval`. An alert that
//! resolves while its group waits is never told. A critical alert does not wait, so it is told even if code clears it at once.
//!
//! A notification counts as sent when it is queued, because the outbox is durable.
//!
//! # Resolved alerts
//!
//! An alert that a channel was shown as firing is told there as resolved, whatever happens in between: a silence, the removal of its
//! rule, a restart, another level. `send_resolved(false)` alone ends this. An alert that fires again before its group is judged has
//! not changed, as in Alertmanager.
//!
//! # Held back
//!
//! Pending, silenced and inhibited alerts are not told as firing. An acknowledged alert is not repeated and not escalated.
//!
//! A channel is not told twice within `cooldown` that the same alert fires, whatever its level, and gets at most `max_per_hour`
//! notifications in any hour. An alert that the channel knows to fire and that is only listed along with news of its group is not told
//! by that. The groups go on as if they had been told. The alerts of notifications that were held back are listed in one
//! summary, with their latest state, when the cap and their cooldowns allow. Summaries count toward the cap. A summary about
//! cooldowns alone waits for `group_interval` after the one before.
//!
//! No alert passes the cap. If it is 2 or more, its last notification is kept for those that tell of a critical alert, which a flood
//! of warnings cannot delay then.
//!
//! # Bounds
//!
//! A notification lists at most 1,000 alerts and counts the others. Resolved alerts that the receiver saw firing come first; those
//! that find no room are told next time. The notifier remembers at most 20,000 alerts ([`Notifier::set_limit`]): those that fire, that a
//! receiver still sees firing, that a summary will list, and that are within a cooldown. If there are more, it forgets cooldowns, then
//! alerts that the next summary only counts. If that is not enough, new alerts wait. There are no groups without alerts, and a
//! channel's hourly budget is one time for each notification of the last hour.

mod acknowledge;
mod added_labels;
mod all_labels;
mod budget;
mod cause;
mod decisions;
mod description;
mod enroll;
mod escalate;
mod escalation;
mod explain;
mod flush;
mod forget;
mod group;
mod group_key;
mod group_name;
mod held_notification;
mod hold;
mod known;
mod member;
mod next_due;
mod notifier;
mod notifier_state;
mod observe;
mod pairs;
mod policy;
mod receiver;
mod refusal;
mod round;
mod route;
mod select;
mod send;
mod shift;
mod silences;
mod summary;
mod validate;

pub use self::cause::Cause;
pub use self::decisions::Decisions;
pub use self::description::Description;
pub use self::held_notification::HeldNotification;
pub use self::notifier::Notifier;
pub use self::notifier_state::NotifierState;
pub use self::policy::Policy;
pub(in crate::alerts) use self::validate::mistakes;
