//! [`Acceptor`]: the connections of a server of its own.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, lookup_host};
use tokio::sync::watch;
use tokio::time::sleep;

use super::connection_service::respond;
use super::connections::{Connection, Connections};
use super::limits::Limits;
use super::stopping::Stopping;
use super::timed_stream::TimedStream;

/// The delay after a failed accept, which is most likely a lack of file descriptors.
const ACCEPT_DELAY: Duration = Duration::from_secs(1);

/// The queue of connections that are not accepted yet, as in `TcpListener::bind`.
const BACKLOG: u32 = 1024;

/// The kernel reports that a client has read something once a third of the send buffer is free. Its default grows to 4 MiB,
/// so a slow client would seem to read nothing for minutes.
const SEND_BUFFER_BYTES: u32 = 128 * 1024;

/// Listens on the first address that is free.
pub(super) async fn listen(addr: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "the name has no address");
    for addr in lookup_host(addr).await? {
        match listen_on(addr) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As `TcpListener::bind`: on Windows it would allow two servers on one address.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Accepts connections and serves a router on them.
pub(super) struct Acceptor {
    connections: Arc<Connections>,
    graceful: GracefulShutdown,
    router: Router,
    /// Dropped when the server stops.
    running: watch::Sender<()>,
}

impl Acceptor {
    pub(super) fn new(router: Router, limits: Limits) -> Self {
        Self {
            connections: Connections::new(limits),
            graceful: GracefulShutdown::new(),
            router,
            running: watch::Sender::new(()),
        }
    }

    /// Accepts connections until `stop`, then waits for the open ones.
    pub(super) async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = self.accept(&listener) => {
                    if let Some((stream, peer, connection)) = accepted {
                        self.serve(stream, peer, connection);
                    }
                }
            }
        }
        drop(listener);
        drop(self.running);
        self.graceful.shutdown().await;
    }

    async fn accept(&self, listener: &TcpListener) -> Option<(TcpStream, SocketAddr, Connection)> {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let connection = self.connections.admit(peer.ip()).await?;
                Some((stream, peer, connection))
            }
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

    fn serve(&self, stream: TcpStream, peer: SocketAddr, connection: Connection) {
        let connection = Arc::new(connection);
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(connection.limits().idle);
        let stream = TimedStream::new(stream, Arc::clone(&connection));
        let service = service_fn({
            let (router, connection) = (self.router.clone(), Arc::clone(&connection));
            let stopping = Stopping::new(&self.running);
            move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(stopping.clone());
                respond(router.clone(), &connection, peer, request)
            }
        });
        let served = http.serve_connection(TokioIo::new(stream), service);
        let served = self.graceful.watch(served);
        tokio::spawn(async move {
            tokio::select! {
                // An error means that the client left or timed out.
                _ = served => {}
                () = connection.leaves() => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{Instant, timeout};

    use super::*;

    /// More than the buffers of a connection hold.
    const LARGE: usize = 20_000_000;
    const LIVEZ: &str = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    const SMALL: Limits = Limits {
        connections: 4,
        connections_per_client: 4,
        ..Limits::DEFAULT
    };

    async fn start(limits: Limits) -> SocketAddr {
        let router = Router::new()
            .route("/livez", get(|| async { "healthy" }))
            .route("/some", get(|| async { "x".repeat(200_000) }))
            .route("/large", get(|| async { "x".repeat(LARGE) }));
        let listener = listen("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Acceptor::new(router, limits).run(listener, std::future::pending()));
        address
    }

    async fn connect(address: SocketAddr, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }

    async fn connect_from(ip: &str, address: SocketAddr, sent: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        let ip: IpAddr = ip.parse().unwrap();
        socket.bind(SocketAddr::new(ip, 0)).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }

    async fn is_closed(stream: &mut TcpStream) -> bool {
        let read = timeout(Duration::from_secs(5), stream.read(&mut [0; 64])).await;
        matches!(read.unwrap(), Ok(0) | Err(_))
    }

    /// Whether a request is responded to within a second.
    async fn responds(stream: &mut TcpStream, request: &str) -> bool {
        if stream.write_all(request.as_bytes()).await.is_err() {
            return false;
        }
        let mut read = Vec::new();
        let response = async {
            while !read.ends_with(b"healthy") {
                let mut buffer = [0; 1024];
                match stream.read(&mut buffer).await {
                    Ok(length @ 1..) => read.extend(&buffer[..length]),
                    _ => return false,
                }
            }
            true
        };
        timeout(Duration::from_secs(1), response).await == Ok(true)
    }

    /// A connection whose response has begun and is not read further.
    async fn busy(stream: impl Future<Output = TcpStream>) -> TcpStream {
        let mut stream = stream.await;
        stream.read_exact(&mut [0; 1]).await.unwrap();
        stream
    }

    async fn read_whole(mut stream: TcpStream) -> usize {
        let mut read = vec![0; 1 << 16];
        let mut sum = 0;
        while let Ok(length @ 1..) = timeout(Duration::from_secs(1), stream.read(&mut read))
            .await
            .unwrap_or(Ok(0))
        {
            sum += length;
        }
        sum
    }

    const GET_LARGE: &str = "GET /large HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test]
    async fn at_the_limit_the_connection_that_has_waited_longest_gives_way() {
        for sent in ["", "GET /livez HTT"] {
            let address = start(SMALL).await;
            let mut held = Vec::new();
            for _ in 0..4 {
                held.push(connect(address, sent).await);
            }
            // The first has just been used, so the second has waited longest.
            let rest = LIVEZ.strip_prefix(sent).unwrap();
            assert!(responds(&mut held[0], rest).await, "{sent:?}");
            let mut new = connect(address, "").await;
            assert!(responds(&mut new, LIVEZ).await, "{sent:?}");
            assert!(is_closed(&mut held[1]).await, "{sent:?}");
            assert!(responds(&mut held[2], rest).await, "{sent:?}");
            assert!(responds(&mut held[3], rest).await, "{sent:?}");
            assert!(responds(&mut held[0], LIVEZ).await, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_with_a_response_in_progress_never_gives_way() {
        let address = start(SMALL).await;
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(busy(connect(address, GET_LARGE)).await);
        }
        let limits = Limits {
            connections_per_client: 8,
            ..SMALL
        };
        // With all of a client's connections in use, its next one is closed.
        let mut refused = connect(address, "").await;
        assert!(is_closed(&mut refused).await);

        let shared = start(limits).await;
        let mut others = Vec::new();
        for _ in 0..4 {
            others.push(busy(connect(shared, GET_LARGE)).await);
        }
        // With all of the server's in use, it waits until one of them ends.
        let mut waiting = connect(shared, "").await;
        assert!(!responds(&mut waiting, LIVEZ).await);
        // The system's buffers grow with what is read, and must not take the rest at once.
        let part = LARGE / 16;
        let mut read = vec![0; part];
        others[0].read_exact(&mut read).await.unwrap();
        assert!(!responds(&mut waiting, "").await);
        assert!(read_whole(others.remove(0)).await >= LARGE - part);
        assert!(responds(&mut waiting, "").await);
        for stream in held.into_iter().chain(others) {
            assert!(read_whole(stream).await >= LARGE);
        }
    }

    #[tokio::test]
    async fn a_response_that_is_sent_but_not_read_is_not_cut_off() {
        let address = start(SMALL).await;
        let request = "GET /some HTTP/1.1\r\nhost: x\r\n\r\n";
        let slow = busy(connect(address, request)).await;
        for _ in 0..8 {
            let mut new = connect(address, "").await;
            assert!(responds(&mut new, LIVEZ).await);
        }
        assert!(read_whole(slow).await >= 200_000);
    }

    #[tokio::test]
    async fn one_client_takes_only_its_share() {
        let address = start(Limits {
            connections_per_client: 2,
            ..SMALL
        })
        .await;
        let mut other = connect_from("127.0.0.2", address, "").await;
        assert!(responds(&mut other, LIVEZ).await);
        let mut held = Vec::new();
        for _ in 0..20 {
            held.push(connect(address, "").await);
        }
        assert!(responds(&mut other, LIVEZ).await);
        assert!(responds(&mut held[19], LIVEZ).await);
        assert!(is_closed(&mut held[17]).await);
    }

    #[tokio::test]
    async fn a_head_has_a_time_limit_and_an_idle_connection_another() {
        let head = Duration::from_millis(300);
        let address = start(Limits { head, ..SMALL }).await;
        let mut idle = connect(address, "").await;
        assert!(responds(&mut idle, LIVEZ).await);

        let began = Instant::now();
        let mut silent = connect(address, "").await;
        assert!(is_closed(&mut silent).await);
        let mut half = connect(address, "").await;
        assert!(responds(&mut half, LIVEZ).await);
        // A byte now and then does not help.
        let closed_after = async {
            let began = Instant::now();
            for byte in LIVEZ.bytes() {
                if half.write_all(&[byte]).await.is_err() {
                    break;
                }
                sleep(Duration::from_millis(40)).await;
            }
            began.elapsed()
        };
        let took = closed_after.await;
        assert!(took >= head && took < head * 3, "{took:?}");
        assert!(began.elapsed() >= head * 2);
        assert!(responds(&mut idle, LIVEZ).await);
    }

    /// 10 kB/s and 60 s, or 600 kB for each time limit.
    #[tokio::test]
    async fn a_slow_reader_is_not_cut_off() {
        let write = Duration::from_secs(1);
        let address = start(Limits { write, ..SMALL }).await;
        let mut slow = connect(address, GET_LARGE).await;
        let mut read = vec![0; 60_000];
        for _ in 0..60 {
            slow.read_exact(&mut read).await.unwrap();
            sleep(write / 10).await;
        }
        assert!(read_whole(slow).await >= LARGE - 60 * 60_000);
    }
}
