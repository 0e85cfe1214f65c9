//! `RabbitMq`: whether the connection is open and opens a channel.

use std::fmt;
use std::sync::Arc;

use lapin::types::ShortString;
use lapin::uri::AMQPUri;
use lapin::{Connection, ErrorKind};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::amqp::Amqp;
use super::kept::answers;
use crate::error::Error;
use crate::time::milliseconds;

/// Healthy when a channel opens on a connection to RabbitMQ: the application's, or one of its own that is kept, and made
/// anew when it broke.
///
/// For `amqps://` switch on one of the TLS features of `lapin`. Data: `latency_ms`.
///
/// ```
/// use tower_vitals::{Health, health::{Check, checks::RabbitMq}};
///
/// let health = Health::builder()
///     .check("rabbitmq", RabbitMq::url("amqp://shop:s3cret@127.0.0.1:5672/%2f")?.shared())
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct RabbitMq {
    source: Source,
}

enum Source {
    Own {
        uri: Box<AMQPUri>,
        kept: Box<Mutex<Option<Amqp>>>,
    },
    Application(Arc<Connection>),
}

impl RabbitMq {
    /// The server of this URL: `amqp://[user:password@]host[:port]/[vhost]`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// The URL is not one of AMQP. It is not repeated, for it may hold a password.
    pub fn url(url: &str) -> Result<Self, Error> {
        match url.parse::<AMQPUri>() {
            Ok(uri) => Ok(Self {
                source: Source::Own {
                    uri: Box::new(uri),
                    kept: Box::new(Mutex::new(None)),
                },
            }),
            // Without the parser's words: they repeat the URL.
            Err(_) => Err(Error::invalid(
                "the URL of RabbitMQ is refused: amqp://[user:password@]host[:port]/[vhost] is allowed",
            )),
        }
    }

    /// The application's own connection: unhealthy when it is not open, and it stays so until the application itself
    /// reconnects.
    #[must_use]
    pub fn connection(connection: Arc<Connection>) -> Self {
        Self {
            source: Source::Application(connection),
        }
    }

    async fn ask(&self) -> Result<(), lapin::Error> {
        match &self.source {
            Source::Application(connection) => open_channel(connection).await,
            Source::Own { uri, kept } => {
                let mut kept = kept.lock().await;
                // Taken out while it is asked: should the check be given up, the connection goes with it.
                if let Some(amqp) = kept.take()
                    && amqp.connection.status().connected()
                    && answers(open_channel(&amqp.connection)).await
                {
                    *kept = Some(amqp);
                    return Ok(());
                }
                let amqp = Amqp::connect(uri).await?;
                open_channel(&amqp.connection).await?;
                *kept = Some(amqp);
                Ok(())
            }
        }
    }
}

async fn open_channel(connection: &Connection) -> Result<(), lapin::Error> {
    /// AMQP 0-9-1, section 1.2: reply-success.
    const SUCCESS: u16 = 200;
    let channel = connection.create_channel().await?;
    channel.close(SUCCESS, ShortString::from("checked")).await
}

impl Check for RabbitMq {
    async fn check(&self) -> Outcome {
        let started = Instant::now();
        if let Source::Application(connection) = &self.source
            && connection.status().blocked()
        {
            // A channel would be asked for and not come, one more with each check, until the application had none left.
            return Outcome::unhealthy().message("the server has blocked publishers");
        }
        match self.ask().await {
            Ok(()) => Outcome::healthy().data("latency_ms", milliseconds(started.elapsed())),
            Err(error) => Outcome::unhealthy().message(explain(&error)),
        }
    }
}

fn explain(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(refusal) if refusal.get_id() == 403 => {
            format!("authentication failed: {error}")
        }
        ErrorKind::ProtocolError(_) => format!("the server refused: {error}"),
        _ => format!("cannot connect: {error}"),
    }
}

/// Without the URL, which holds the password.
impl fmt::Debug for RabbitMq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMq").finish_non_exhaustive()
    }
}
