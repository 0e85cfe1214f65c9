//! [`Acceptor`]: the connections of a server of its own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tower_layer::Layer;

use super::write_timeout::WriteTimeout;

/// How long a client may take to send a request head, and stay idle between two requests. Most scrape intervals are shorter.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a client may read nothing of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Concurrent connections: each is a file descriptor of the service's process. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// The delay after a failed accept, which is most likely a lack of file descriptors.
const ACCEPT_DELAY: Duration = Duration::from_secs(1);

/// Accepts connections and serves a router on them.
pub(super) struct Acceptor {
    connections: Arc<Semaphore>,
    graceful: GracefulShutdown,
    router: Router,
}

impl Acceptor {
    pub(super) fn new(router: Router) -> Self {
        Self {
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            graceful: GracefulShutdown::new(),
            router,
        }
    }

    /// Accepts connections until `stop`, then waits for the open ones.
    pub(super) async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.accept(&listener) => {
                    if let Some((stream, peer, permit)) = accepted {
                        self.serve(stream, peer, permit);
                    }
                }
            }
        }
        drop(listener);
        self.graceful.shutdown().await;
    }

    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.connections).acquire_owned().await.ok()?;
        match listener.accept().await {
            Ok((stream, peer)) => Some((stream, peer, permit)),
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

    fn serve(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT);
        let stream = TokioIo::new(WriteTimeout::new(stream, WRITE_TIMEOUT));
        // As axum's `into_make_service_with_connect_info`, for guards that check the peer's address.
        let service = Extension(ConnectInfo(peer)).layer(self.router.clone());
        let service = TowerToHyperService::new(service);
        let connection = http.serve_connection(stream, service);
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            // An error means that the client left or timed out.
            let _ = connection.await;
            drop(permit);
        });
    }
}
