//! [`Server`]: the routes on an address of their own.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::problem::no_such_route;
use super::route::finish;
use super::routes::Routes;
use super::write_timeout::WriteTimeout;
use crate::error::{Error, ErrorKind};

/// How long a shutdown waits for responses in progress.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to send a request head, and stay idle between two requests. Most scrape intervals are shorter.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a client may read nothing of a response.
const WRITE_TIMEOUT: Duration = Duration::from_mins(1);

/// Concurrent connections: each is a file descriptor of the service's process. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// The delay after a failed accept, which is most likely a lack of file descriptors.
const ACCEPT_DELAY: Duration = Duration::from_secs(1);

impl Routes {
    /// Serves the routes on `addr` (port 0 for any free one) in a task of the current tokio runtime, until the returned
    /// [`Server`] is shut down or dropped.
    ///
    /// The server speaks HTTP/1 and accepts at most 256 connections at once. It closes a connection whose client takes longer
    /// than 75 s to send a request head, or reads nothing for 60 s. The runtime needs its time driver enabled.
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
    /// [`ErrorKind::InvalidConfig`] names every [mistake](Self#mistakes). [`ErrorKind::Io`] if the server cannot listen on the
    /// address.
    pub async fn serve(self, addr: impl ToSocketAddrs + fmt::Debug) -> Result<Server, Error> {
        let router = self.build::<()>()?.fallback(not_found).with_state(());
        let refused = |error: std::io::Error| {
            let message = format!("cannot listen on {addr:?}: {error}");
            Error::new(ErrorKind::Io, message).with_source(error)
        };
        let listener = TcpListener::bind(&addr).await.map_err(refused)?;
        let local_addr = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let acceptor = Acceptor {
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            graceful: GracefulShutdown::new(),
            router,
        };
        Ok(Server {
            local_addr,
            stop,
            task: tokio::spawn(acceptor.run(listener, stopped)),
        })
    }
}

struct Acceptor {
    connections: Arc<Semaphore>,
    graceful: GracefulShutdown,
    router: Router,
}

impl Acceptor {
    /// Accepts connections until `stopped`, then waits for the open ones.
    async fn run(self, listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                // An error means that the `Server` was dropped.
                _ = &mut stopped => break,
                accepted = self.accept(&listener) => {
                    if let Some((stream, permit)) = accepted {
                        self.serve(stream, permit);
                    }
                }
            }
        }
        drop(listener);
        self.graceful.shutdown().await;
    }

    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.connections).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, _)) => Some((stream, permit)),
            // The client closed the connection: no reason to delay others.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionRefused
                ) =>
            {
                None
            }
            Err(error) => {
                tracing::warn!(%error, "the routes cannot accept a connection");
                sleep(ACCEPT_DELAY).await;
                None
            }
        }
    }

    fn serve(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT);
        let stream = TokioIo::new(WriteTimeout::new(stream, WRITE_TIMEOUT));
        let service = TowerToHyperService::new(self.router.clone());
        let connection = http.serve_connection(stream, service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            // An error means that the client left or timed out.
            let _ = connection.await;
            drop(permit);
        });
    }
}

async fn not_found() -> Response {
    finish(no_such_route())
}

/// A running [`Routes::serve`]. When it is dropped, it stops accepting connections and finishes responses in progress.
#[derive(Debug)]
#[must_use = "a server that is dropped stops"]
pub struct Server {
    local_addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
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
    /// let server = Routes::new().health(health.clone()).serve("127.0.0.1:9100").await?;
    /// server.until(health.shutdown_signal()).await;
    /// # Ok(()) }
    /// ```
    pub async fn until(self, signal: impl IntoFuture) {
        signal.into_future().await;
        self.shutdown().await;
    }

    /// Stops accepting connections and waits at most 10 s for responses in progress. A client that is still reading after
    /// that is not cut off: its connection ends with its response or with the runtime.
    pub async fn shutdown(self) {
        drop(self.stop);
        if timeout(SHUTDOWN_TIMEOUT, self.task).await.is_err() {
            tracing::warn!(address = %self.local_addr, "connections were still open 10 s after the shutdown began");
        }
    }
}
