//! The delivery of the outbox, in paused time but for the sink.

mod alert_order;
mod bounds;
mod commits;
mod fakes;
mod fallbacks;
mod feeds;
mod lifecycle;
mod metrics;
mod owed;
mod retries;
mod sink;
mod stops;
mod world;
