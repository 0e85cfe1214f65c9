//! `Redis`: PING.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError};
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::cached_connection::CachedConnection;
use super::latency;
use crate::error::Error;
use crate::redact::register_own;

/// Healthy when Redis answers PING. The check keeps its own connection and replaces it when it fails.
///
/// `rediss://` needs one of the TLS features of the `redis` crate. Data: `latency_ms`.
///
/// ```
/// use tower_vitals::{Health, health::{Check, checks::Redis}};
///
/// let health = Health::builder()
///     .check("redis", Redis::url("redis://:s3cret@127.0.0.1:6379/0")?.shared())
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Redis {
    client: Client,
    connection: CachedConnection<MultiplexedConnection>,
}

impl Redis {
    /// Checks the server of this URL: `redis://[user][:password@]host[:port][/database]`. Does not connect yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not a Redis URL. The error does not quote it, because it may hold a password.
    pub fn url(url: &str) -> Result<Self, Error> {
        match Client::open(url) {
            Ok(client) => Ok(Self::client(client)),
            // Without the parser's message, which may quote the URL.
            Err(_) => Err(Error::invalid(
                "the URL of Redis is invalid: redis://[user][:password@]host[:port][/database] is allowed",
            )),
        }
    }

    /// Checks the server of this client.
    #[must_use]
    pub fn client(client: Client) -> Self {
        let settings = client.get_connection_info().redis_settings();
        register_own(settings.password().unwrap_or_default());
        Self {
            client,
            connection: CachedConnection::new(),
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        // The check's own timeout applies.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}

async fn ping(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    redis::cmd("PING").query_async::<String>(connection).await?;
    Ok(())
}

impl Check for Redis {
    async fn check(&self) -> Outcome {
        let started = Instant::now();
        let result = self.connection.probe(async || self.connect().await, ping);
        latency::outcome(result.await, started, explain)
    }
}

fn explain(error: &RedisError) -> String {
    let is_refusal = matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
    if is_refusal || error.kind() == ErrorKind::AuthenticationFailed {
        format!("authentication failed: {error}")
    } else if error.is_io_error() {
        format!("cannot connect: {error}")
    } else {
        format!("the server returned an error: {error}")
    }
}

// Omits the client, which holds the password.
debug_fields!(Redis {});
