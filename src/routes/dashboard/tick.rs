//! `Tick`: one frame for all viewers.

use bytes::Bytes;

/// The changes since the frame before.
#[derive(Debug)]
pub(super) struct Tick {
    /// From 1 on.
    pub(super) number: u64,
    pub(super) changes: Bytes,
    /// Whether streams end with it: a service that drains waits for its responses.
    pub(super) is_last: bool,
}
