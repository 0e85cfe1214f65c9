//! Connections that are kept from one check to the next.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

/// How long one may take to answer. Its peer may be gone without a word (a failover, a balancer that forgot it), and what
/// is left of the check's timeout is for a new one.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether a kept connection answered, and in time.
pub(super) async fn answers<E>(asked: impl Future<Output = Result<(), E>>) -> bool {
    matches!(timeout(PATIENCE, asked).await, Ok(Ok(())))
}
