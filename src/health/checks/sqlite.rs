//! `Sqlite`: a read of the file's schema.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{ConnectOptions, Connection, Sqlite as Driver};
use tokio::time::Instant;

use super::super::{Check, Outcome};
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
}

#[derive(Debug)]
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
        match SqliteConnectOptions::from_str(url) {
            Ok(options) => Ok(Self {
                source: Source::Own(Box::new(
                    options
                        .create_if_missing(false)
                        // Below the check's own timeout, so that what is told is that it is locked.
                        .busy_timeout(Duration::from_secs(1))
                        .disable_statement_logging(),
                )),
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
        }
    }
}

async fn ask_anew(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    sql::ask::<Driver>(&mut connection, QUERY).await?;
    connection.close().await
}

/// A connection that is open goes on to work on a file that is gone, and so tells nothing of it.
async fn is_missing(file: &Path) -> bool {
    let in_memory = file.as_os_str().is_empty()
        || file.starts_with(":memory:")
        || file.to_string_lossy().starts_with("file:");
    if in_memory {
        return false;
    }
    let file = PathBuf::from(file);
    let exists = tokio::task::spawn_blocking(move || file.try_exists());
    !matches!(exists.await, Ok(Ok(true)))
}

impl Check for Sqlite {
    async fn check(&self) -> Outcome {
        let started = Instant::now();
        match &self.source {
            Source::Pool(pool) => {
                let options = pool.connect_options();
                if is_missing(options.get_filename()).await {
                    let file = options.get_filename().display();
                    return Outcome::unhealthy()
                        .message(format!("cannot open: {file} is not there"));
                }
                sql::ask_pool(pool, QUERY).await
            }
            Source::Own(options) => match ask_anew(options).await {
                Ok(()) => sql::answered(started),
                Err(error) => Outcome::unhealthy().message(format!(
                    "{}: {}",
                    options.get_filename().display(),
                    sql::explain(&error)
                )),
            },
        }
    }
}
