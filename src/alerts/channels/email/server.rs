//! `Server`: the mail server, and connections to it.

use std::io;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::{TcpStream, lookup_host};

use super::encrypted::Encrypted;
use super::encryption::Encryption;
use super::refusals::{failed, login_failed};
use super::starttls::ask_for_tls;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::tls::Tls;

/// The time for the server's goodbye, which decides nothing.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

/// Ends a connection. Servers log one that ends without a goodbye as a failure.
pub(super) async fn goodbye(connection: &mut AsyncSmtpConnection) {
    let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
}

/// The mail server.
pub(super) struct Server {
    /// A name or an IP address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) hello_name: ClientId,
    pub(super) credentials: Option<Credentials>,
    pub(super) tls: Tls,
}

impl Server {
    /// Connects, encrypts and logs in. `timeout` is the time for the connection to each address of the host.
    pub(super) async fn connect(
        &self,
        timeout: Duration,
    ) -> Result<AsyncSmtpConnection, DeliveryError> {
        let stream = self.stream(timeout).await;
        let stream =
            stream.map_err(|error| DeliveryError::retry(format!("cannot connect: {error}")))?;
        let stream: Box<dyn AsyncTokioStream> = match self.encryption {
            Encryption::Plain => Box::new(stream),
            Encryption::Tls => Box::new(Encrypted::new(self.encrypt(stream).await?)),
            Encryption::Starttls => {
                ask_for_tls(&stream, &self.hello_name).await?;
                Box::new(Encrypted::greeted(self.encrypt(stream).await?))
            }
        };
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.hello_name)
            .await
            .map_err(|error| failed("cannot connect", &error))?;
        if let Some(credentials) = &self.credentials
            && let Err(error) = connection.auth(DEFAULT_MECHANISMS, credentials).await
        {
            goodbye(&mut connection).await;
            return Err(login_failed(&error));
        }
        Ok(connection)
    }

    /// Connects to the first address of the host that answers.
    async fn stream(&self, timeout: Duration) -> io::Result<TcpStream> {
        let mut last = io::Error::other("the host has no address");
        for address in lookup_host((&*self.host, self.port)).await? {
            match tokio::time::timeout(timeout, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(last)
    }

    async fn encrypt(
        &self,
        stream: TcpStream,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, DeliveryError> {
        let stream = self.tls.connect(&self.host, stream).await;
        stream.map_err(|error| DeliveryError::retry(format!("cannot start TLS: {error}")))
    }
}
