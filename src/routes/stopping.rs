//! `Stopping`: tells responses without an end that their server stops.

use tokio::sync::watch;

/// An extension of the requests of a server of its own.
#[derive(Debug, Clone)]
pub(super) struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// Lasts until the sender is dropped.
    pub(super) fn new(server: &watch::Sender<()>) -> Self {
        Self(server.subscribe())
    }

    /// Completes when the server stops.
    #[cfg_attr(
        not(feature = "dashboard"),
        expect(dead_code, reason = "only the dashboard responds without an end")
    )]
    pub(super) async fn wait(&mut self) {
        while self.0.changed().await.is_ok() {}
    }
}
