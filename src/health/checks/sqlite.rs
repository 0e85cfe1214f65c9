//! `Sqlite`: a read of the file's schema.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Sqlite as Driver};
use tokio::time::Instant;

use super::super::{Check, Outcome, Status};
use super::single_flight::{SingleFlight, on_thread};
use super::{latency, sql};
use crate::error::Error;

/// `SELECT 1` would not even open the file.
const QUERY: &str = "SELECT 1 FROM sqlite_schema LIMIT 1";

/// Healthy when the schema of the database file can be read. A file that is missing, locked for longer than a second,
/// or not a database is unhealthy.
///
/// Uses the application's pool, or a new connection for each check. Data: `latency_ms`; of a pool, `pool_size`,
/// `pool_idle`, `pool_max`.
///
/// ```
/// use tower_vitals::{Health, health::checks::Sqlite};
///
/// let health = Health::builder().check("orders", Sqlite::url("sqlite://orders.db")?).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Sqlite {
    source: Source,
    flight: SingleFlight,
}

#[derive(Debug, Clone)]
enum Source {
    Own(Box<SqliteConnectOptions>),
    Pool(SqlitePool),
}

debug_redacted!(Sqlite { source, flight });

impl Sqlite {
    /// Checks the file of this URL: `sqlite://path`. Never creates it.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not a SQLite URL.
    pub fn url(url: &str) -> Result<Self, Error> {
        let invalid = |problem: &str| {
            Error::invalid(format!(
                "the URL of SQLite is invalid{problem}: sqlite://path is allowed"
            ))
        };
        if url.is_empty() || url.contains("://") && !url.starts_with("sqlite://") {
            return Err(invalid(""));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| invalid(&format!(" ({error})")))?
            .create_if_missing(false)
            // Shorter than the check's own timeout, so that the message says that the file is locked.
            .busy_timeout(Duration::from_secs(1))
            .disable_statement_logging();
        Ok(Self {
            source: Source::Own(Box::new(options)),
            flight: SingleFlight::default(),
        })
    }

    /// Checks the file of the application's pool.
    #[must_use]
    pub fn pool(pool: SqlitePool) -> Self {
        Self {
            source: Source::Pool(pool),
            flight: SingleFlight::default(),
        }
    }
}

impl Source {
    async fn check(self) -> Outcome {
        let started = Instant::now();
        match self {
            Self::Own(options) => {
                let result = sql::ping_new::<Driver>(&options, QUERY).await;
                latency::outcome(result, started, |error| {
                    let file = options.get_filename().display();
                    format!("{file}: {}", sql::explain(error))
                })
            }
            Self::Pool(pool) => {
                let file = pool.connect_options().get_filename().to_owned();
                let file = on_thread(move || exists(&file)).await;
                match file.status() {
                    // No query timeout: there is no peer that could be gone, and a slow query waits for a lock.
                    Status::Healthy => sql::ping_pool(&pool, QUERY, Duration::MAX).await,
                    _ => file,
                }
            }
        }
    }
}

/// Checks that the file was not removed. A pooled connection does not notice: it keeps the removed file open.
fn exists(file: &Path) -> Outcome {
    let in_memory = file.as_os_str().is_empty()
        || file.starts_with(":memory:")
        || file.to_string_lossy().starts_with("file:");
    if in_memory || file.exists() {
        return Outcome::healthy();
    }
    let file = file.display();
    Outcome::unhealthy().message(format!("cannot open {file}: the file does not exist"))
}

impl Check for Sqlite {
    async fn check(&self) -> Outcome {
        // sqlx gives each connection a thread, and a file system that hangs would keep it.
        let check = self.source.clone().check();
        self.flight
            .run(|guard| async {
                let task = tokio::spawn(async move {
                    let _guard = guard;
                    check.await
                });
                task.await.unwrap_or_else(|error| Outcome::failed(&error))
            })
            .await
    }
}
