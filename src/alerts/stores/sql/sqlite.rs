//! `SqliteAlerts`: alerts in a SQLite file, for one machine.

use std::future::ready;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Sqlite};

use super::SqlAlerts;
use super::dialect::Dialect;
use super::place::Place;
use super::sqlite_file::SqliteFile;
use crate::sql::{Migrations, Pools, primary_code};

/// Keeps alerts in a SQLite file, for one machine. [`SqlAlerts`] lists its tables, whose times are UTC in RFC 3339.
///
/// The file is created on first use, with a write-ahead log beside it, and only the user of the process may read it. A commit
/// survives a crash of the process. After a power loss the last moments may be missing, but the file is intact and holds a state
/// that some commit wrote (`synchronous = NORMAL`).
///
/// Several processes may open the file. Each ledger is leased to one of them at a time, by the machine's clock.
///
/// # Backup
///
/// A copy of the file without its log `-wal` opens without an error, but lacks the newest commits. So copy it with SQLite:
/// `sqlite3 alerts.db ".backup copy.db"` works while the service runs. Or stop the service, and copy the file with `-wal` and
/// `-shm` if they exist.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use std::time::{Duration, SystemTime};
/// use tower_vitals::alerts::stores::{AlertStore, Commit, SqliteAlerts};
///
/// # let path = std::env::temp_dir().join(format!("vitals-alerts-doc-{}.db", std::process::id()));
/// let store = SqliteAlerts::open(&path).retention(Duration::from_secs(7 * 24 * 60 * 60), 10_000);
/// let lease = store.lease("main", "shop-1", Duration::from_secs(30)).await?.expect("nobody has it");
/// let mut commit = Commit::new("main", lease, SystemTime::now());
/// commit.documents.insert("state".into(), Some(b"{}".to_vec()));
/// store.commit(&commit).await?;
///
/// let after_a_restart = SqliteAlerts::open(&path).load("main").await?;
/// assert_eq!(after_a_restart.documents["state"], b"{}");
/// # for end in ["", "-wal", "-shm"] { let _ = std::fs::remove_file(format!("{}{end}", path.display())); }
/// # Ok(()) }
/// ```
pub type SqliteAlerts = SqlAlerts<Sqlite>;

impl SqlAlerts<Sqlite> {
    /// Keeps alerts in this file. Opens nothing yet.
    ///
    /// If the file is deleted, moved or replaced while it is open, each call fails (on Unix), because a write would be lost.
    #[must_use]
    pub fn open(path: impl AsRef<Path>) -> Self {
        let file = SqliteFile::new(path.as_ref());
        Self::with(pools(&file), file)
    }

    /// Keeps alerts in the database of this pool, beside other tables.
    ///
    /// A write-ahead log (`journal_mode = WAL`) keeps readers from waiting for writers. Each connection to an in-memory database
    /// opens another database, so the pool must have only one.
    #[must_use]
    pub fn pool(pool: SqlitePool) -> Self {
        Self::with_pool(pool, Shared)
    }
}

/// The database of a user's pool.
#[derive(Debug)]
struct Shared;

impl Place for Shared {
    fn name(&self) -> String {
        "SQLite".to_owned()
    }
}

/// Returns pools that open the file when they are used.
fn pools(file: &SqliteFile) -> Pools<Sqlite> {
    let read = SqliteConnectOptions::new()
        .filename(file.path())
        // Shorter than the timeout of a call, so that the error says that the file is locked.
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let write = (read.clone())
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let connections = |max| {
        let options = SqlitePoolOptions::new().max_connections(max);
        options.acquire_timeout(Duration::from_secs(8))
    };
    // A query in another file at this path would apply the log of the one that is open to it. Opening it does not.
    let reading = file.clone();
    let readers = connections(4).after_connect(move |_, _| {
        let checked = reading.check();
        Box::pin(ready(
            checked.map_err(|error| sqlx::Error::Configuration(error.into())),
        ))
    });
    let opening = file.clone();
    let writer = connections(1).after_connect(move |_, _| {
        opening.opened();
        let checked = opening.check();
        Box::pin(ready(
            checked.map_err(|error| sqlx::Error::Configuration(error.into())),
        ))
    });
    Pools {
        readers: readers.connect_lazy_with(read),
        writer: writer.connect_lazy_with(write),
    }
}

impl Dialect for Sqlite {
    const KIND: &'static str = "sqlite";
    const IS_SHARED: bool = false;

    /// Locks the file for writing at once, because a lock that is requested after a read may be denied.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";

    const BEGIN_READ: &'static str = "BEGIN";

    const TIMEOUT: Duration = Duration::from_secs(10);

    const MIGRATIONS: Migrations = Migrations {
        table: "vitals_alert_migrations",
        files: &[(
            "alerts",
            include_str!("../migrations/sqlite/0001_alerts.sql"),
        )],
        begin: Self::BEGIN,
        lock: None,
    };

    fn advice(error: &sqlx::Error) -> Option<&'static str> {
        let error = error.as_database_error()?;
        match primary_code(&error.code()?)? {
            3 | 8 | 23 => Some("the file or its folder is not writable"),
            5 | 6 => Some("another process has locked the file"),
            11 => Some("the file is damaged: restore a backup"),
            13 => Some("the disk is full"),
            14 => Some("the file cannot be opened: its folder must exist and be writable"),
            26 => Some("the file is no SQLite database"),
            _ => None,
        }
    }
}
