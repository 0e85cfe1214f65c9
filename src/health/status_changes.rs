use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::broadcast;

use super::{CheckResult, Status};
use crate::broadcast::Subscription;

/// A change of a check's status.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StatusChange {
    /// The result with the new status.
    pub result: CheckResult,
    /// The status before, or `None` for a check's first result.
    pub before: Option<Status>,
    /// The service's status, from the last result of each check.
    pub overall: Status,
}

/// The stream of status changes, returned by [`Health::subscribe`](super::Health::subscribe).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::{Health, health::Status};
///
/// let health = Health::builder().check("queue", || async { false }).build()?;
/// let mut changes = health.subscribe();
/// health.report().await;
/// let change = changes.next().await.map(|change| (change.before, change.result.status()));
/// assert_eq!(change, Some((None, Status::Unhealthy)));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct StatusChanges {
    inner: Subscription<StatusChange>,
}

impl StatusChanges {
    pub(super) fn new(receiver: broadcast::Receiver<StatusChange>) -> Self {
        Self {
            inner: Subscription::new(receiver, "health"),
        }
    }

    /// Returns the next change, or `None` once the last [`Health`](super::Health) is dropped. A subscriber that is more
    /// than 256 changes behind loses the oldest ones, which is logged.
    pub async fn next(&mut self) -> Option<StatusChange> {
        self.inner.next().await
    }
}

impl Stream for StatusChanges {
    type Item = StatusChange;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inner.poll_next(cx)
    }
}
