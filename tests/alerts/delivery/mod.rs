//! The delivery of the outbox, in paused time but for the sink.

mod bounds;
mod commits;
mod fakes;
mod fallbacks;
mod feeds;
mod lifecycle;
mod metrics;
mod retries;
mod sink;
mod stops;
mod world;
