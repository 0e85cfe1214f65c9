//! `Postgres`: `SELECT 1`.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{ConnectOptions, Postgres as Driver};
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::cached_connection::CachedConnection;
use super::{latency, sql};
use crate::error::Error;
use crate::redact::register_url;

const QUERY: &str = "SELECT 1";

/// Healthy when PostgreSQL answers `SELECT 1`: on the application's pool, or on a connection that the check keeps and
/// replaces when it fails.
///
/// A pool's check is degraded when all connections of the pool are in use and the server answers on a new one. If the
/// URL's `sslmode` asks for TLS, it is rustls with the system's root certificates. Data: `latency_ms`; of a pool,
/// `pool_size`, `pool_idle`, `pool_max`.
///
/// ```
/// use tower_vitals::{Health, health::{Check, checks::Postgres}};
///
/// let health = Health::builder()
///     .check("postgres", Postgres::url("postgres://shop:s3cret@127.0.0.1:5432/shop")?.shared())
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Postgres {
    source: Source,
}

enum Source {
    Own {
        options: Box<PgConnectOptions>,
        connection: CachedConnection<PgConnection>,
    },
    Pool(PgPool),
}

impl Postgres {
    /// Checks the server of this URL: `postgres://[user[:password]@]host[:port]/database`. Does not connect yet.
    /// Parameters that sqlx does not support are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not a PostgreSQL URL. The error does not quote it, because it may hold a
    /// password.
    pub fn url(url: &str) -> Result<Self, Error> {
        register_url(url);
        let is_postgres = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        match PgConnectOptions::from_str(&with_known_parameters(url)) {
            Ok(options) if is_postgres => Ok(Self {
                source: Source::Own {
                    options: Box::new(
                        options
                            .application_name("health check")
                            .disable_statement_logging()
                            // PgBouncer refuses this parameter by default.
                            .extra_float_digits(None),
                    ),
                    connection: CachedConnection::new(),
                },
            }),
            // Without the parser's message, which may quote the URL.
            _ => Err(Error::invalid(
                "the URL of PostgreSQL is invalid: postgres://[user[:password]@]host[:port]/database is allowed",
            )),
        }
    }

    /// Checks the server of the application's pool.
    #[must_use]
    pub fn pool(pool: PgPool) -> Self {
        Self {
            source: Source::Pool(pool),
        }
    }
}

/// Removes the parameters that sqlx does not support, because it logs them with their values, and libpq's `sslpassword`
/// is a secret.
fn with_known_parameters(url: &str) -> String {
    const KNOWN: [&str; 18] = [
        "sslmode",
        "ssl-mode",
        "sslrootcert",
        "ssl-root-cert",
        "ssl-ca",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    let Some((base, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let is_known = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        let options = ["options[", "options%5B", "options%5b"];
        KNOWN.contains(&name) || options.iter().any(|prefix| name.starts_with(prefix))
    };
    let known: Vec<_> = query.split('&').filter(is_known).collect();
    [base, "?", &known.join("&")].concat()
}

impl Check for Postgres {
    async fn check(&self) -> Outcome {
        match &self.source {
            Source::Pool(pool) => sql::ping_pool(pool, QUERY, sql::ACQUIRE_TIMEOUT).await,
            Source::Own {
                options,
                connection,
            } => {
                let started = Instant::now();
                let result = connection.probe(
                    async || options.connect().await,
                    async |connection| sql::ping::<Driver>(connection, QUERY).await,
                );
                latency::outcome(result.await, started, sql::explain)
            }
        }
    }
}

// Omits the options, which hold the password.
debug_fields!(Postgres {});
