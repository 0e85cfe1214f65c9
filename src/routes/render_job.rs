//! [`RenderJob`]: what a request for metrics wants to have rendered.

use std::net::IpAddr;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::rejection::Rejection;
use super::shared_text::{Encoded, SharedText};

pub(super) struct RenderJob {
    /// Requests with the same key that wait together share a text. `None` shares with no other.
    pub(super) key: Option<Key>,
    /// The address of the client, if the server passes it on.
    pub(super) client: Option<IpAddr>,
    /// Does not panic.
    pub(super) render: Box<dyn FnOnce() -> Result<Encoded, Rejection> + Send>,
}

/// A format, and whether it is gzipped.
pub(super) type Key = (&'static str, bool);

pub(super) type Answer = Result<SharedText, Rejection>;

/// A job in the queue.
pub(super) struct Waiting {
    pub(super) job: RenderJob,
    /// The runtime to render on.
    pub(super) runtime: Handle,
    pub(super) answer: oneshot::Sender<Answer>,
}
