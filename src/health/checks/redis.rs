//! `Redis`: PING.

use std::fmt;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::kept::answers;
use crate::error::Error;
use crate::time::milliseconds;

/// Healthy when Redis answers PING, on a connection of its own that is kept, and made anew when it broke.
///
/// For `rediss://` switch on one of the TLS features of the `redis` crate. Data: `latency_ms`.
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
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Redis {
    /// The server of this URL: `redis://[user][:password@]host[:port][/database]`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// The URL is not one of Redis. It is not repeated, for it may hold a password.
    pub fn url(url: &str) -> Result<Self, Error> {
        match Client::open(url) {
            Ok(client) => Ok(Self::client(client)),
            // Without the parser's words: they may repeat the URL.
            Err(_) => Err(Error::invalid(
                "the URL of Redis is refused: redis://[user][:password@]host[:port][/database] is allowed",
            )),
        }
    }

    /// The server of this client.
    #[must_use]
    pub fn client(client: Client) -> Self {
        Self {
            client,
            connection: Mutex::new(None),
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        // The check's own timeout is the one that counts.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    async fn ask(&self) -> Result<(), RedisError> {
        let mut kept = self.connection.lock().await;
        // Taken out while it is asked: should the check be given up, the connection goes with it.
        if let Some(mut connection) = kept.take()
            && answers(ping(&mut connection)).await
        {
            *kept = Some(connection);
            return Ok(());
        }
        let mut connection = self.connect().await?;
        ping(&mut connection).await?;
        *kept = Some(connection);
        Ok(())
    }
}

async fn ping(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    redis::cmd("PING").query_async::<String>(connection).await?;
    Ok(())
}

impl Check for Redis {
    async fn check(&self) -> Outcome {
        let started = Instant::now();
        match self.ask().await {
            Ok(()) => Outcome::healthy().data("latency_ms", milliseconds(started.elapsed())),
            Err(error) => Outcome::unhealthy().message(explain(&error)),
        }
    }
}

fn explain(error: &RedisError) -> String {
    let is_refusal = matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
    if is_refusal || error.kind() == ErrorKind::AuthenticationFailed {
        format!("authentication failed: {error}")
    } else if error.is_io_error() {
        format!("cannot connect: {error}")
    } else {
        format!("the server refused: {error}")
    }
}

/// Without the client, whose connection details hold the password.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
