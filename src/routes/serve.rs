//! The routes on an address of their own.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Routes;
use super::problem::{finished, no_such_route};
use crate::error::{Error, ErrorKind};

/// How long a shutdown waits for answers under way.
const GRACE: Duration = Duration::from_secs(10);

impl Routes {
    /// Serves the routes on `addr` (port 0 for any free one), by a task of the current tokio runtime, until the returned
    /// [`Server`] is shut down or dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Prometheus, Routes};
    ///
    /// let routes = Routes::new().metrics(Prometheus::builder().build()?);
    /// let server = routes.serve("127.0.0.1:0").await?;
    /// assert_ne!(server.local_addr().port(), 0);
    /// server.shutdown().await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if the address cannot be listened on.
    pub async fn serve(self, addr: impl ToSocketAddrs + fmt::Debug) -> Result<Server, Error> {
        let refused = |error: std::io::Error| {
            let message = format!("cannot listen on {addr:?}: {error}");
            Error::new(ErrorKind::Io, message).with_source(error)
        };
        let listener = TcpListener::bind(&addr).await.map_err(refused)?;
        let local_addr = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = axum::serve(listener, Router::from(self).fallback(not_found))
            .with_graceful_shutdown(async {
                // An error is the server's drop, which asks for the same.
                let _ = stopped.await;
            });
        Ok(Server {
            local_addr,
            stop,
            task: tokio::spawn(server.into_future()),
        })
    }
}

async fn not_found() -> Response {
    finished(no_such_route())
}

/// A running [`Routes::serve`]. Dropped, it stops accepting and lets answers under way finish.
#[derive(Debug)]
#[must_use = "a server that is dropped stops"]
pub struct Server {
    local_addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// The address it listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until the signal, and then [shuts down](Self::shutdown). With
    /// [`Health::graceful_shutdown`](crate::Health::graceful_shutdown) as the signal that is SIGTERM, readiness 503, a
    /// while for balancers to see it, and only then the end.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Health, Routes};
    ///
    /// let health = Health::builder().build()?;
    /// let server = Routes::new().health(health.clone()).serve("127.0.0.1:9100").await?;
    /// server.until(health.graceful_shutdown()).await;
    /// # Ok(()) }
    /// ```
    pub async fn until(self, signal: impl IntoFuture) {
        signal.into_future().await;
        self.shutdown().await;
    }

    /// Stops accepting and waits for answers under way, at most 10 s. A client that is still reading then is not cut off:
    /// its connection ends with its answer, or with the runtime.
    pub async fn shutdown(self) {
        drop(self.stop);
        if tokio::time::timeout(GRACE, self.task).await.is_err() {
            tracing::warn!(address = %self.local_addr, "answers were still under way 10 s after the shutdown began");
        }
    }
}
