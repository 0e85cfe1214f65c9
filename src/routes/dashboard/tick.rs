//! `Tick`: one frame for all viewers.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

/// The latest frame; `None` before the first.
pub(super) type Ticks = watch::Receiver<Option<Arc<Tick>>>;

/// The changes since the frame before.
#[derive(Debug)]
pub(super) struct Tick {
    /// From 1 on.
    pub(super) number: u64,
    pub(super) changes: Bytes,
    /// Whether streams end with it: a service that drains waits for its responses.
    pub(super) is_last: bool,
}
