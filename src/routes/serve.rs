//! The routes on an address of their own.

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

use super::Routes;
use super::patient::Patient;
use super::problem::{finished, no_such_route};
use crate::error::{Error, ErrorKind};

/// How long a shutdown waits for answers under way.
const GRACE: Duration = Duration::from_secs(10);

/// How long a client may take for the head of a request, and be silent between two: longer than scrapers are, as a rule.
const HEAD: Duration = Duration::from_secs(75);

/// How long a client may take nothing of an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Connections at once: each is a file descriptor of the service's process. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// How long it waits after it could not accept: for want of file descriptors, most likely.
const PAUSE: Duration = Duration::from_secs(1);

impl Routes {
    /// Serves the routes on `addr` (port 0 for any free one), by a task of the current tokio runtime, until the returned
    /// [`Server`] is shut down or dropped.
    ///
    /// HTTP/1, at most 256 connections at once. A client is given up that takes longer than 75 s for the head of a request
    /// (or to send another one), or takes nothing of an answer for 60 s. The runtime needs its time enabled.
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
        let serving = Serving {
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            graceful: GracefulShutdown::new(),
            router: Router::from(self).fallback(not_found).with_state(()),
        };
        Ok(Server {
            local_addr,
            stop,
            task: tokio::spawn(serving.run(listener, stopped)),
        })
    }
}

struct Serving {
    connections: Arc<Semaphore>,
    graceful: GracefulShutdown,
    router: Router,
}

impl Serving {
    /// Until `stopped`; then for as long as there are connections.
    async fn run(self, listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                // An error is the server's drop, which asks for the same.
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
            // The client's doing, and no reason to keep others waiting.
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
                tracing::warn!(%error, "a connection to the routes cannot be accepted");
                sleep(PAUSE).await;
                None
            }
        }
    }

    fn serve(&self, stream: TcpStream, permit: OwnedSemaphorePermit) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD);
        let stream = TokioIo::new(Patient::new(stream, PATIENCE));
        let service = TowerToHyperService::new(self.router.clone());
        let connection = http.serve_connection(stream, service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            // An error is that the client left, or was given up.
            let _ = connection.await;
            drop(permit);
        });
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
    task: JoinHandle<()>,
}

impl Server {
    /// The address it listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until the signal, and then [shuts down](Self::shutdown). With
    /// [`Health::shutdown_signal`](crate::Health::shutdown_signal) as the signal that is SIGTERM, readiness 503, a
    /// while for balancers to see it, and only then the end.
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

    /// Stops accepting and waits for answers under way, at most 10 s. A client that is still reading then is not cut off:
    /// its connection ends with its answer, or with the runtime.
    pub async fn shutdown(self) {
        drop(self.stop);
        if timeout(GRACE, self.task).await.is_err() {
            tracing::warn!(address = %self.local_addr, "connections were still open 10 s after the shutdown began");
        }
    }
}
