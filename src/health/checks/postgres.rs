//! `Postgres`: `SELECT 1`.

use std::fmt;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{ConnectOptions, Postgres as Driver};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::kept::answers;
use super::sql;
use crate::error::Error;

const QUERY: &str = "SELECT 1";

/// Healthy when PostgreSQL answers `SELECT 1`: by the application's pool, or on a connection of its own that is kept, and
/// made anew when it broke.
///
/// A pool's check is degraded when all its connections are in use while the server answers a new one. TLS is rustls with
/// the system's root certificates, where the URL's `sslmode` asks for it. Data: `latency_ms`; of a pool, `pool_size`, `pool_idle`, `pool_max`.
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
        kept: Mutex<Option<PgConnection>>,
    },
    Pool(PgPool),
}

impl Postgres {
    /// The server of this URL: `postgres://[user[:password]@]host[:port]/database`. Nothing is connected yet. Parameters
    /// that sqlx does not know are left out.
    ///
    /// # Errors
    ///
    /// The URL is not one of PostgreSQL. It is not repeated, for it may hold a password.
    pub fn url(url: &str) -> Result<Self, Error> {
        let is_postgres = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        match PgConnectOptions::from_str(&with_known_parameters(url)) {
            Ok(options) if is_postgres => Ok(Self {
                source: Source::Own {
                    options: Box::new(
                        options
                            .application_name("health check")
                            .disable_statement_logging(),
                    ),
                    kept: Mutex::new(None),
                },
            }),
            // Without the parser's words: they may repeat the URL.
            _ => Err(Error::invalid(
                "the URL of PostgreSQL is refused: postgres://[user[:password]@]host[:port]/database is allowed",
            )),
        }
    }

    /// The server of the application's pool.
    #[must_use]
    pub fn pool(pool: PgPool) -> Self {
        Self {
            source: Source::Pool(pool),
        }
    }
}

/// sqlx logs parameters that it does not know, with their values, and one of libpq's may be a secret (`sslpassword`): those
/// are left out.
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
        let is_option = ["options[", "options%5B", "options%5b"].iter();
        KNOWN.contains(&name) || is_option.into_iter().any(|begin| name.starts_with(begin))
    };
    let known: Vec<_> = query.split('&').filter(is_known).collect();
    [base, "?", &known.join("&")].concat()
}

async fn ask_kept(
    options: &PgConnectOptions,
    kept: &Mutex<Option<PgConnection>>,
) -> Result<(), sqlx::Error> {
    let mut kept = kept.lock().await;
    // Taken out while it is asked: should the check be given up, the connection goes with it.
    if let Some(mut connection) = kept.take()
        && answers(sql::ask::<Driver>(&mut connection, QUERY)).await
    {
        *kept = Some(connection);
        return Ok(());
    }
    let mut connection = options.connect().await?;
    sql::ask::<Driver>(&mut connection, QUERY).await?;
    *kept = Some(connection);
    Ok(())
}

impl Check for Postgres {
    async fn check(&self) -> Outcome {
        match &self.source {
            Source::Pool(pool) => sql::ask_pool(pool, QUERY, sql::ACQUIRE).await,
            Source::Own { options, kept } => {
                let started = Instant::now();
                match ask_kept(options, kept).await {
                    Ok(()) => sql::answered(started),
                    Err(error) => Outcome::unhealthy().message(sql::explain(&error)),
                }
            }
        }
    }
}

/// Without the options, which hold the password.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}
