//! `Sqlite`: a read of the file's schema.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Connection, Sqlite as Driver};
use tokio::time::Instant;

use super::super::{Check, Outcome};
use super::one_at_a_time::{OneAtATime, on_thread};
use super::sql;
use crate::error::Error;

/// `SELECT 1` alone would not open the file, let alone read it.
const QUERY: &str = "SELECT 1 FROM sqlite_schema LIMIT 1";

/// Healthy when the database file is there and its schema can be read: a file that is missing, locked for longer than a
/// second, or no database is unhealthy.
///
/// By the application's pool, or on a connection opened for each check. Data: `latency_ms`; of a pool, `pool_size`,
/// `pool_idle`, `pool_max`.
///
/// ```
/// use tower_vitals::{Health, health::checks::Sqlite};
///
/// let health = Health::builder().check("orders", Sqlite::url("sqlite://orders.db")?).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug)]
pub struct Sqlite {
    source: Source,
    attempts: OneAtATime,
}

#[derive(Debug, Clone)]
enum Source {
    Own(Box<SqliteConnectOptions>),
    Pool(SqlitePool),
}

impl Sqlite {
    /// The file of this URL: `sqlite://path`. It is never created.
    ///
    /// # Errors
    ///
    /// The URL is not one of SQLite.
    pub fn url(url: &str) -> Result<Self, Error> {
        if url.is_empty() || url.contains("://") && !url.starts_with("sqlite://") {
            return Err(Error::invalid(
                "the URL of SQLite is refused: sqlite://path is allowed",
            ));
        }
        match SqliteConnectOptions::from_str(url) {
            Ok(options) => Ok(Self {
                source: Source::Own(Box::new(
                    options
                        .create_if_missing(false)
                        // Below the check's own timeout, so that what is told is that it is locked.
                        .busy_timeout(Duration::from_secs(1))
                        .disable_statement_logging(),
                )),
                attempts: OneAtATime::default(),
            }),
            Err(error) => Err(Error::invalid(format!(
                "the URL of SQLite is refused ({error}): sqlite://path is allowed"
            ))),
        }
    }

    /// The file of the application's pool.
    #[must_use]
    pub fn pool(pool: SqlitePool) -> Self {
        Self {
            source: Source::Pool(pool),
            attempts: OneAtATime::default(),
        }
    }
}

impl Source {
    async fn ask(self) -> Outcome {
        let started = Instant::now();
        match self {
            Self::Own(options) => match ask_anew(&options).await {
                Ok(()) => sql::answered(started),
                Err(error) => {
                    let file = options.get_filename().display();
                    Outcome::unhealthy().message(format!("{file}: {}", sql::explain(&error)))
                }
            },
            Self::Pool(pool) => {
                let options = pool.connect_options();
                let file = options.get_filename().to_owned();
                let missing = format!("cannot open: {} is not there", file.display());
                match on_thread(move || is_missing(&file)).await {
                    // It has no peer that could be gone: what waits, waits for a lock.
                    Ok(false) => sql::ask_pool(&pool, QUERY, Duration::MAX).await,
                    Ok(true) => Outcome::unhealthy().message(missing),
                    Err(problem) => problem,
                }
            }
        }
    }
}

async fn ask_anew(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    sql::ask::<Driver>(&mut connection, QUERY).await?;
    connection.close().await
}

/// A connection that is open goes on to work on a file that is gone, and so tells nothing of it.
fn is_missing(file: &Path) -> bool {
    let in_memory = file.as_os_str().is_empty()
        || file.starts_with(":memory:")
        || file.to_string_lossy().starts_with("file:");
    !in_memory && !file.exists()
}

impl Check for Sqlite {
    async fn check(&self) -> Outcome {
        // Each connection has a thread of its own in sqlx, which a file system that hangs would keep.
        self.attempts.task(self.source.clone().ask()).await
    }
}
