//! [`Limits`] of a server of its own.

use std::time::Duration;

/// What the clients of a server may hold, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Concurrent connections: each is a file descriptor of the service's process.
    pub(super) connections: usize,
    /// Concurrent connections of one IP address.
    pub(super) connections_per_client: usize,
    /// How long a client may take to send a request head: the first one from its connection on, each other from its first
    /// byte on.
    pub(super) head: Duration,
    /// How long a connection may stay idle between two requests. Most scrape intervals are shorter.
    pub(super) idle: Duration,
    /// How long a client may read nothing of a response.
    pub(super) write: Duration,
}

impl Limits {
    pub(super) const DEFAULT: Self = Self {
        connections: 256,
        connections_per_client: 128,
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write: Duration::from_secs(60),
    };
}
