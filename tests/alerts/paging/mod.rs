//! Channels that page people, against sinks that enforce the limits of the vendors and return their documented errors.

mod alertmanager;
mod heartbeat;
pub(super) mod notifications;
mod opsgenie;
mod pagerduty;
pub(super) mod sink;
mod worker;
