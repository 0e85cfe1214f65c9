//! The delivery of the outbox, in paused time.

mod bounds;
mod commits;
mod fakes;
mod fallbacks;
mod feeds;
mod lifecycle;
mod metrics;
mod retries;
mod stops;
mod world;
