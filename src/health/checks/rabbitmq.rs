//! `RabbitMq`: a channel on an open connection.

use std::sync::Arc;

use lapin::types::ShortString;
use lapin::uri::AMQPUri;
use lapin::{Connection, ErrorKind};
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::amqp::Amqp;
use super::cached_connection::CachedConnection;
use super::latency;
use crate::error::Error;
use crate::redact::register_url;

/// Healthy when a channel opens on a connection to RabbitMQ: the application's, or one that the check keeps and
/// replaces when it fails.
///
/// `amqps://` needs one of the TLS features of `lapin`. Data: `latency_ms`.
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
        connection: Box<CachedConnection<Amqp>>,
    },
    Application(Arc<Connection>),
}

impl RabbitMq {
    /// Checks the server of this URL: `amqp://[user:password@]host[:port]/[vhost]`. Does not connect yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not an AMQP URL. The error does not quote it, because it may hold a password.
    pub fn url(url: &str) -> Result<Self, Error> {
        register_url(url);
        match url.parse::<AMQPUri>() {
            Ok(uri) => Ok(Self {
                source: Source::Own {
                    uri: Box::new(uri),
                    connection: Box::new(CachedConnection::new()),
                },
            }),
            // Without the parser's message, which quotes the URL.
            Err(_) => Err(Error::invalid(
                "the URL of RabbitMQ is invalid: amqp://[user:password@]host[:port]/[vhost] is allowed",
            )),
        }
    }

    /// Checks the application's own connection. The check never reconnects it: once closed, it is unhealthy.
    #[must_use]
    pub fn connection(connection: Arc<Connection>) -> Self {
        Self {
            source: Source::Application(connection),
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
        let result = match &self.source {
            Source::Application(connection) if connection.status().blocked() => {
                // A blocked server does not answer, and each check would use up one of the application's channels.
                return Outcome::unhealthy().message("the server has blocked publishing");
            }
            Source::Application(connection) => open_channel(connection).await,
            Source::Own { uri, connection } => {
                connection
                    .probe(
                        async || Amqp::connect(uri).await,
                        async |amqp| open_channel(&amqp.connection).await,
                    )
                    .await
            }
        };
        latency::outcome(result, started, explain)
    }
}

fn explain(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(reply) if reply.get_id() == 403 => {
            format!("authentication failed: {error}")
        }
        ErrorKind::ProtocolError(_) => format!("the server returned an error: {error}"),
        _ => format!("cannot connect: {error}"),
    }
}

// Omits the URL, which holds the password.
debug_fields!(RabbitMq {});
