//! A connection to RabbitMQ that can be given up.
//!
//! lapin runs each connection on a thread of its own, and dropping the future that connects, or a connection whose server
//! hangs, leaves that thread waiting for the server: one more for every check that timed out. Here the socket is kept at
//! hand, and shut when the connection is dropped; the thread then ends at once.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use lapin::tcp::{AMQPUriTcpExt, AsyncTcpStream, TLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, Error};
use tokio::sync::watch;

/// An open connection, and what ends it.
pub(super) struct Amqp {
    pub(super) connection: Connection,
    _socket: Socket,
}

impl Amqp {
    /// Connects. Dropped while it does, nothing stays behind.
    pub(super) async fn connect(uri: &AMQPUri) -> Result<Self, Error> {
        let (sender, wanted) = watch::channel(());
        let socket = Socket {
            slot: Slot::default(),
            wanted: Some(sender),
        };
        let slot = Arc::clone(&socket.slot);
        let properties =
            ConnectionProperties::default().with_connection_name("health check".into());
        let runtime = lapin::runtime::default_runtime()?;
        // Written in place: the types of its runtime and stream have no name here.
        let connecting = Connection::connector(
            uri.clone(),
            runtime,
            async move |uri: AMQPUri, runtime| {
                let open = async {
                    let mut plain = uri.clone();
                    plain.scheme = AMQPScheme::AMQP;
                    let stream = plain.connect_async(&runtime).await?;
                    if let AsyncTcpStream::Plain(stream) = &stream {
                        keep(&slot, stream.get_ref())?;
                    }
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => {
                            let host = &uri.authority.host;
                            stream.into_tls(host, TLSConfig::default()).await
                        }
                    }
                };
                while_wanted(open, wanted.clone())
                    .await
                    .map_err(Error::from)
            },
            properties,
        );
        Ok(Self {
            connection: connecting.await?,
            _socket: socket,
        })
    }
}

type Slot = Arc<Mutex<Option<TcpStream>>>;

/// The socket of a connection; dropped, it is shut, or the attempt to open it ends.
struct Socket {
    slot: Slot,
    /// Gone when nobody wants the connection any more.
    wanted: Option<watch::Sender<()>>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // First: what is opened from now on is given up by who opens it, and what was opened before is in the slot.
        self.wanted = None;
        let slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(socket) = &*slot {
            // An error is that it is shut already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(unix)]
fn keep(slot: &Slot, stream: &tokio::net::TcpStream) -> io::Result<()> {
    use std::os::fd::AsFd;
    let socket = stream.as_fd().try_clone_to_owned()?;
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket.into());
    Ok(())
}

#[cfg(windows)]
fn keep(slot: &Slot, stream: &tokio::net::TcpStream) -> io::Result<()> {
    use std::os::windows::io::AsSocket;
    let socket = stream.as_socket().try_clone_to_owned()?;
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket.into());
    Ok(())
}

/// What `open` gives, or, once nobody wants it, an error.
async fn while_wanted<T>(
    open: impl Future<Output = io::Result<T>>,
    mut wanted: watch::Receiver<()>,
) -> io::Result<T> {
    let mut open = pin!(open);
    let opened = {
        // The sender never sends: it only goes.
        let mut unwanted = pin!(wanted.changed());
        poll_fn(|cx| {
            if unwanted.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            open.as_mut().poll(cx)
        })
        .await?
    };
    // It may have gone while the last step was taken, which then nobody else undoes.
    match wanted.has_changed() {
        Ok(_) => Ok(opened),
        Err(_) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
