//! `Changes`: the stream of status changes.

use tokio::sync::broadcast;

use super::{CheckResult, Status};
use crate::changes;

/// A check's status became another.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// What was found.
    pub result: CheckResult,
    /// The status before; `None` for a check's first result.
    pub before: Option<Status>,
    /// The service's status with it, by the last result of each check.
    pub overall: Status,
}

/// What [`Health::subscribe`](super::Health::subscribe) gives.
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
pub struct Changes {
    receiver: broadcast::Receiver<Change>,
}

impl Changes {
    pub(super) fn new(receiver: broadcast::Receiver<Change>) -> Self {
        Self { receiver }
    }

    /// The next change; `None` once the last [`Health`](super::Health) is gone. Of a subscriber that is more than 256
    /// changes behind the oldest are lost, which is logged.
    pub async fn next(&mut self) -> Option<Change> {
        changes::next(&mut self.receiver, "health").await
    }
}
