//! The worker that delivers the outbox through the channels, at least once.
//!
//! - **Durable**: a notification leaves the outbox with the commit that records its end. Results are collected while a channel sends, for up to
//!   100 ms, so a crash between a delivery and its record leads to one duplicate. While the store is down, delivery goes on, and the results
//!   stay in memory: of more than 50,000, only the latest keep their events. While the store refuses the results, because the lease is over or another engine has it, nothing is sent. Drop
//!   the worker if it is another engine: it goes on when the lease is renewed.
//! - **In order**: a channel sends one notification at a time, and the channels send in parallel. The notifications of a group
//!   stay in order, so one that fails holds back the later ones of its group, but no other group. A channel that
//!   [deduplicates](crate::alerts::channels::Channel::deduplicates) also keeps the notifications of each alert in order, and sends
//!   the next one about an alert when the end of the one before is recorded. So no crash repeats a notification after a newer one,
//!   which would open a resolved incident again. While the store is down, it does not wait for the record.
//! - **Retries**: after a failure, a timeout or a panic the channel pauses for 1 s, doubled at each failure in a row up to 5
//!   minutes, each time by 20 % more or less. It obeys the receiver's own number up to 1 hour. A failed notification waits for
//!   its own attempts, too, so one that always fails does not hold up the others. Notifications that were tried least go first.
//! - **Rejected**: not tried again. The fallback gets it.
//! - **Given up**: the first failure of a channel after the notification's `give_up_after` is its last one. The fallback gets it.
//! - **Stopped**: a channel whose receiver refuses it stops, also over a restart, until [`Delivery::test`] succeeds or its
//!   [`fingerprint`](crate::alerts::channels::Channel::fingerprint) changes. Its notifications go to the fallback, those that
//!   come later, too. After a test that succeeds, one notification lists the ends that it missed of alerts that began before it
//!   stopped, at most 200. One with another configuration is not told of them, because its receiver may be another one.
//! - **Fallback**: also a channel that fails for `fallback_after` without a success hands over: its fallback gets a copy of each
//!   notification that waits or comes, until the channel works. The original goes on waiting, so both may deliver it. If the
//!   fallback is stopped, the next one along the chain takes its place. A fallback that got a copy about a firing alert is told when
//!   its channel delivers the end of the alert, for the last 1,000 alerts of each channel.
//! - **Not lost silently**: each notification that its channel did not take is in the history and, with its title, in the log.
//!   When the outbox is full, the oldest one that is not critical is dropped, and one line a minute has a title and a count.

mod alert_order;
mod attempt;
mod backoff;
mod builder;
mod changes;
mod channel_status;
mod committer;
mod delivery;
mod fallbacks;
mod feed;
mod hand_over;
mod lane;
mod leftover;
mod metrics;
mod note;
mod now;
mod outlet;
mod owed;
mod permit;
mod queue;
mod recording;
mod report;
mod saved_channels;
mod settle;
mod shared;
mod state;
mod unrecorded;
mod worker;

pub use self::builder::DeliveryBuilder;
pub use self::channel_status::{ChannelStatus, Stopped};
pub use self::delivery::Delivery;
pub(in crate::alerts) use self::fallbacks::mistakes;
pub use self::outlet::Outlet;
