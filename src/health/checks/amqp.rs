//! `Amqp`: a RabbitMQ connection that ends when it is dropped.
//!
//! lapin runs each connection on its own thread. After a timeout, that thread would wait for the hanging server, and
//! each failed check would add one. So the socket is held beside the connection and shut down on drop, which ends the
//! thread. The socket is opened before lapin starts, because lapin leaves two tasks behind for each attempt that cannot
//! connect.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, Error};
use parking_lot::Mutex;

const NO_TLS: &str = "amqps:// needs one of the TLS features of lapin, such as rustls--ring";

/// An open connection and the socket that is shut down with it.
pub(super) struct Amqp {
    pub(super) connection: Connection,
    _socket: Option<Socket>,
}

impl Amqp {
    /// Connects. A future dropped half way leaves no thread or task behind.
    pub(super) async fn connect(uri: &AMQPUri) -> Result<Self, Error> {
        let runtime = lapin::runtime::default_runtime()?;
        let mut plain = uri.clone();
        plain.scheme = AMQPScheme::AMQP;
        let stream = plain.connect_async(&runtime).await?;
        let socket = match &stream {
            AsyncTcpStream::Plain(stream) => Some(Socket::try_clone(stream.get_ref())?),
            _ => None,
        };
        let stream = match uri.scheme {
            AMQPScheme::AMQP => stream,
            AMQPScheme::AMQPS => {
                let host = &uri.authority.host;
                let stream = stream.into_tls(host, TLSConfig::default()).await?;
                // Without a TLS feature, lapin goes on in clear text and would send the password.
                if matches!(stream, AsyncTcpStream::Plain(_)) {
                    return Err(io::Error::other(NO_TLS).into());
                }
                stream
            }
        };
        let stream = Arc::new(Mutex::new(Some(stream)));
        let take_stream = async move |_: AMQPUri, _| {
            let stream = stream.lock().take();
            stream.ok_or_else(|| Error::from(io::Error::from(io::ErrorKind::NotConnected)))
        };
        let properties =
            ConnectionProperties::default().with_connection_name("health check".into());
        let connector = Connection::connector(uri.clone(), runtime, take_stream, properties);
        Ok(Self {
            connection: connector.await?,
            _socket: socket,
        })
    }
}

/// A second handle of a connection's socket. It shuts the socket down on drop.
struct Socket(TcpStream);

impl Socket {
    #[cfg(unix)]
    fn try_clone(stream: &tokio::net::TcpStream) -> io::Result<Self> {
        use std::os::fd::AsFd;
        let socket = stream.as_fd().try_clone_to_owned()?;
        Ok(Self(socket.into()))
    }

    #[cfg(windows)]
    fn try_clone(stream: &tokio::net::TcpStream) -> io::Result<Self> {
        use std::os::windows::io::AsSocket;
        let socket = stream.as_socket().try_clone_to_owned()?;
        Ok(Self(socket.into()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Fails if it is shut down already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
