//! `Redis`: PING.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisError};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::cached_connection::CachedConnection;
use super::latency;
use crate::error::Error;
use crate::redact::register_own;
use crate::tls::Tls;

/// Healthy when Redis answers PING. The check keeps its own connection and replaces it when it fails.
///
/// `rediss://` speaks TLS. The server's certificate is verified with the system's root certificates, or with
/// [`root_certificates`](Self::root_certificates). Data: `latency_ms`.
///
/// ```
/// use tower_vitals::{Health, health::{Check, checks::Redis}};
///
/// let health = Health::builder()
///     .check("redis", Redis::url("redis://:s3cret@127.0.0.1:6379/0")?.shared())
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[must_use]
pub struct Redis {
    client: Client,
    /// For a URL with TLS. The TLS of the driver would depend on the process' default cryptography provider.
    tls: Option<Tls>,
    /// The mistakes of [`root_certificates`](Self::root_certificates).
    mistakes: Vec<String>,
    connection: CachedConnection<MultiplexedConnection>,
}

impl Redis {
    /// Checks the server of this URL: `redis://[user][:password@]host[:port][/database]`, `rediss://` for TLS, or
    /// `unix:///path`. Does not connect yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not a Redis URL, or has a fragment, such as the driver's `#insecure`. The error does
    /// not quote it, because it may hold a password.
    pub fn url(url: &str) -> Result<Self, Error> {
        // As the driver reads it: trimmed, and with a scheme in any case.
        let url = url.trim();
        let with_tls = [("rediss://", "redis://"), ("valkeys://", "valkey://")];
        let without_tls = with_tls.iter().find_map(|(scheme, plain)| {
            let (own, rest) = url.split_at_checked(scheme.len())?;
            let is_tls = own.eq_ignore_ascii_case(scheme);
            is_tls.then(|| [plain, rest].concat())
        });
        if url.contains('#') {
            return Err(Error::invalid(
                "the URL of Redis is invalid: it has a fragment (#): the server's certificate is always verified, and \
                 Redis::root_certificates trusts an authority of your own",
            ));
        }
        match Client::open(without_tls.as_deref().unwrap_or(url)) {
            Ok(client) => Ok(Self {
                tls: without_tls.map(|_| Tls::system()),
                ..Self::client(client)
            }),
            // Without the parser's message, which may quote the URL.
            Err(_) => Err(Error::invalid(
                "the URL of Redis is invalid: redis://[user][:password@]host[:port][/database] is allowed, with rediss:// for TLS, \
                 and so is unix:///path",
            )),
        }
    }

    /// Checks the server of this client. Its own TLS needs one of the TLS features of the `redis` crate.
    pub fn client(client: Client) -> Self {
        let settings = client.get_connection_info().redis_settings();
        register_own(settings.password().unwrap_or_default());
        Self {
            client,
            tls: None,
            mistakes: Vec::new(),
            connection: CachedConnection::new(),
        }
    }

    /// Verifies the server's certificate with these root certificates, in PEM, in place of the system's.
    ///
    /// If they are invalid, or the URL is not a `rediss://` URL, registering the check returns an error.
    ///
    /// ```no_run
    /// use tower_vitals::health::checks::Redis;
    ///
    /// let authority = std::fs::read("/etc/shop/authority.pem")?;
    /// let redis = Redis::url("rediss://:s3cret@redis.internal:6380")?.root_certificates(authority);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        if self.tls.is_none() {
            let mistake = "root certificates have no effect without TLS: rediss:// is allowed";
            self.mistakes.push(mistake.to_owned());
            return self;
        }
        match Tls::with_roots(pem.as_ref()) {
            Ok(tls) => self.tls = Some(tls),
            Err(error) => self.mistakes.push(error.to_string()),
        }
        self
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        // The check's own timeout applies.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let info = self.client.get_connection_info();
        let (Some(tls), ConnectionAddr::Tcp(host, port)) = (&self.tls, info.addr()) else {
            let client = &self.client;
            return client
                .get_multiplexed_async_connection_with_config(&config)
                .await;
        };
        let stream = TcpStream::connect((&**host, *port)).await?;
        stream.set_nodelay(true)?;
        let stream = tls.connect(host, stream).await?;
        let settings = info.redis_settings();
        let (connection, driver) =
            MultiplexedConnection::new_with_config(settings, stream, config).await?;
        // It ends when the connection is dropped.
        tokio::spawn(driver);
        Ok(connection)
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

    fn validate(&self) -> Result<(), Error> {
        Error::combine(self.mistakes.iter().cloned().map(Error::invalid))
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
