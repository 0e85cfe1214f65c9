//! [`Server`]: the routes on an address of their own.

use std::fmt;
use std::future::{IntoFuture, pending};
use std::net::SocketAddr;
use std::time::Duration;

use axum::response::Response;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::watch;
use tokio::time::timeout;

use super::acceptor::{Acceptor, listen};
use super::limits::Limits;
use super::problem::no_such_route;
use super::route::finish;
use super::routes::Routes;
use crate::error::{Error, ErrorKind};

/// How long a shutdown waits for responses in progress.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

impl Routes {
    /// Serves the routes on `addr`. Like `axum::serve`, it runs until the future is dropped, and then stops accepting
    /// connections and finishes responses in progress. [`spawn`](Self::spawn) serves in the background.
    ///
    /// The server speaks HTTP/1. Requests carry the peer's address as axum's
    /// [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo). The runtime needs its time driver enabled.
    ///
    /// | limit | |
    /// |---|---|
    /// | 256 connections, 128 for each IP address | the connection that has waited longest for a request is closed for a new one |
    /// | 10 s for a request head | the first from the connection on, others from their first byte on |
    /// | 75 s between two requests | |
    /// | 60 s in which the client reads nothing of a response | |
    ///
    /// A connection with a response in progress never gives way. If 256 connections have one, others wait; if 128 of one
    /// address have one, its next connection is closed.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Prometheus, Routes};
    ///
    /// Routes::new().metrics(Prometheus::install()?).serve("127.0.0.1:9100").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`] names every [mistake](Self#mistakes). [`ErrorKind::Io`] if the server cannot listen on the
    /// address.
    pub async fn serve(self, addr: impl ToSocketAddrs + fmt::Debug) -> Result<(), Error> {
        let (acceptor, listener, _) = self.bind(addr).await?;
        acceptor.run(listener, pending()).await;
        Ok(())
    }

    /// Serves the routes on `addr` (port 0 for any free one) in a task of the current tokio runtime, with the limits of
    /// [`serve`](Self::serve). The server runs until it is [shut down](Server::shutdown) or its runtime ends, even if the
    /// returned handle is dropped.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Prometheus, Routes};
    ///
    /// let routes = Routes::new().metrics(Prometheus::builder().build()?);
    /// let server = routes.spawn("127.0.0.1:0").await?;
    /// assert_ne!(server.local_addr().port(), 0);
    /// server.shutdown().await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub async fn spawn(self, addr: impl ToSocketAddrs + fmt::Debug) -> Result<Server, Error> {
        let (acceptor, listener, local_addr) = self.bind(addr).await?;
        let (stop, stopping) = watch::channel(false);
        let (ended, end) = watch::channel(());
        tokio::spawn(async move {
            acceptor.run(listener, until_stopped(stopping)).await;
            drop(ended);
        });
        Ok(Server {
            local_addr,
            stop,
            end,
        })
    }

    async fn bind(
        self,
        addr: impl ToSocketAddrs + fmt::Debug,
    ) -> Result<(Acceptor, TcpListener, SocketAddr), Error> {
        let router = self.build::<()>()?.fallback(not_found).with_state(());
        let refused = |error: std::io::Error| {
            let message = format!("cannot listen on {addr:?}: {error}");
            Error::new(ErrorKind::Io, message).with_source(error)
        };
        let listener = listen(&addr).await.map_err(refused)?;
        let local_addr = listener.local_addr().map_err(refused)?;
        Ok((Acceptor::new(router, Limits::DEFAULT), listener, local_addr))
    }
}

async fn not_found() -> Response {
    finish(no_such_route())
}

async fn until_stopped(mut stopping: watch::Receiver<bool>) {
    if stopping.wait_for(|is_stopping| *is_stopping).await.is_err() {
        // Every handle was dropped, so nobody can stop the server.
        pending::<()>().await;
    }
}

/// A handle of a server that [`Routes::spawn`] started. Clones share the server, and it runs on if all are dropped.
#[derive(Debug, Clone)]
pub struct Server {
    local_addr: SocketAddr,
    stop: watch::Sender<bool>,
    /// Closed when the server has ended.
    end: watch::Receiver<()>,
}

impl Server {
    /// Returns the address that the server listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until the signal, then [shuts down](Self::shutdown). With
    /// [`Health::shutdown_signal`](crate::Health::shutdown_signal) as the signal, SIGTERM turns readiness to 503, load
    /// balancers get time to see it, and only then the server stops.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::{Health, Routes};
    ///
    /// let health = Health::builder().build()?;
    /// let server = Routes::new().health(health.clone()).spawn("127.0.0.1:9100").await?;
    /// server.until(health.shutdown_signal()).await;
    /// # Ok(()) }
    /// ```
    pub async fn until(self, signal: impl IntoFuture) {
        signal.into_future().await;
        self.shutdown().await;
    }

    /// Stops accepting connections and waits at most 10 s for responses in progress. A client that is still reading after
    /// that is not cut off: its connection ends with its response or with the runtime.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        if timeout(SHUTDOWN_TIMEOUT, self.stopped()).await.is_err() {
            tracing::warn!(address = %self.local_addr, "connections were still open 10 s after the shutdown began");
        }
    }

    /// Completes when the server has stopped: after a [`shutdown`](Self::shutdown) and the last response, or at the end of
    /// the server's runtime.
    pub async fn stopped(&self) {
        let mut end = self.end.clone();
        while end.changed().await.is_ok() {}
    }
}
