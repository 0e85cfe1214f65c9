//! A connection to RabbitMQ that can be given up.
//!
//! lapin runs each connection on a thread of its own, and dropping the future that connects, or a connection whose server
//! hangs, leaves that thread waiting for the server: one more for every check that timed out. Here the socket is kept at
//! hand, and shut when the connection is dropped; the thread then ends at once. And it is opened before lapin begins: with
//! none it would leave two tasks behind for each attempt.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, Error};

/// An open connection, and what ends it.
pub(super) struct Amqp {
    pub(super) connection: Connection,
    _socket: Option<Socket>,
}

impl Amqp {
    /// Connects. Dropped while it does, nothing stays behind.
    pub(super) async fn connect(uri: &AMQPUri) -> Result<Self, Error> {
        let runtime = lapin::runtime::default_runtime()?;
        let mut plain = uri.clone();
        plain.scheme = AMQPScheme::AMQP;
        let stream = plain.connect_async(&runtime).await?;
        let socket = match &stream {
            AsyncTcpStream::Plain(stream) => Some(Socket::of(stream.get_ref())?),
            _ => None,
        };
        let stream = match uri.scheme {
            AMQPScheme::AMQP => stream,
            AMQPScheme::AMQPS => {
                let host = &uri.authority.host;
                stream.into_tls(host, TLSConfig::default()).await?
            }
        };
        let opened = Arc::new(Mutex::new(Some(stream)));
        let take = async move |_: AMQPUri, _| {
            let opened = opened.lock().unwrap_or_else(PoisonError::into_inner).take();
            opened.ok_or_else(|| Error::from(io::Error::from(io::ErrorKind::NotConnected)))
        };
        let properties =
            ConnectionProperties::default().with_connection_name("health check".into());
        let connection = Connection::connector(uri.clone(), runtime, take, properties).await?;
        Ok(Self {
            connection,
            _socket: socket,
        })
    }
}

/// The socket of a connection; dropped, it is shut.
struct Socket(TcpStream);

impl Socket {
    #[cfg(unix)]
    fn of(stream: &tokio::net::TcpStream) -> io::Result<Self> {
        use std::os::fd::AsFd;
        let socket = stream.as_fd().try_clone_to_owned()?;
        Ok(Self(socket.into()))
    }

    #[cfg(windows)]
    fn of(stream: &tokio::net::TcpStream) -> io::Result<Self> {
        use std::os::windows::io::AsSocket;
        let socket = stream.as_socket().try_clone_to_owned()?;
        Ok(Self(socket.into()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // An error is that it is shut already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
