//! `CachedConnection`: a connection that is reused from one check to the next.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

/// The time that a cached connection has to answer. Its peer may have gone silently (a failover, a load balancer that
/// dropped it), and the rest of the check's timeout is left for a new connection.
const TIMEOUT: Duration = Duration::from_millis(500);

/// A connection that is opened by the first check and replaced when it fails.
pub(super) struct CachedConnection<C>(Mutex<Option<C>>);

impl<C> CachedConnection<C> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Probes the cached connection, or a new one if there is none or it does not answer.
    pub(super) async fn probe<E>(
        &self,
        connect: impl AsyncFnOnce() -> Result<C, E>,
        probe: impl AsyncFn(&mut C) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut cached = self.0.lock().await;
        // Taken out while it is probed, so that a check that is cancelled drops the connection.
        if let Some(mut connection) = cached.take()
            && let Ok(Ok(())) = timeout(TIMEOUT, probe(&mut connection)).await
        {
            *cached = Some(connection);
            return Ok(());
        }
        let mut connection = connect().await?;
        probe(&mut connection).await?;
        *cached = Some(connection);
        Ok(())
    }
}
