//! The stores, and the ways in which they are away.
#![allow(async_fn_in_trait, unreachable_pub, reason = "only this test uses it")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{Connection, raw_sql};
use tokio::task::spawn_blocking;
use tower_vitals::health::checks::drivers::sqlx;
use tower_vitals::jobs::{History, PostgresHistory, SqliteHistory};

use crate::DEADLINE;
use crate::support::disk::Disk;
use crate::support::postgres::Cluster;

/// What keeps jobs, and how it goes away.
pub trait Store {
    fn history(&self) -> impl History + Clone;
    async fn goes_away(&mut self);
    /// It may be away in two ways.
    async fn at_half_time(&mut self) {}
    async fn is_back(&mut self);
}

/// Frozen first, so that nobody is refused, then killed.
pub struct Server(Arc<Cluster>);

impl Server {
    pub fn start() -> Self {
        Self(Arc::new(Cluster::start("frozen")))
    }

    async fn does(&self, what: fn(&Cluster)) {
        let cluster = Arc::clone(&self.0);
        spawn_blocking(move || what(&cluster)).await.unwrap();
    }
}

impl Store for Server {
    fn history(&self) -> impl History + Clone {
        PostgresHistory::url(&self.0.url).unwrap()
    }

    async fn goes_away(&mut self) {
        self.does(Cluster::freeze).await;
    }

    async fn at_half_time(&mut self) {
        self.does(Cluster::kill).await;
    }

    async fn is_back(&mut self) {
        self.does(Cluster::start_again).await;
    }
}

/// A file of SQLite, in a folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("vitals-outage-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("jobs.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Another process has a long transaction, or never ends one.
pub struct Locked {
    folder: Folder,
    other: Option<SqliteConnection>,
}

impl Locked {
    pub fn new() -> Self {
        Self {
            folder: Folder::new("locked"),
            other: None,
        }
    }
}

impl Store for Locked {
    fn history(&self) -> impl History + Clone {
        SqliteHistory::open(self.folder.file())
    }

    async fn goes_away(&mut self) {
        let options = SqliteConnectOptions::new()
            .filename(self.folder.file())
            .busy_timeout(DEADLINE);
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        raw_sql("BEGIN EXCLUSIVE")
            .execute(&mut other)
            .await
            .unwrap();
        self.other = Some(other);
    }

    async fn is_back(&mut self) {
        let mut other = self.other.take().unwrap();
        raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        other.close().await.unwrap();
    }
}

/// No byte more can be written.
pub struct Full(pub Disk);

impl Store for Full {
    fn history(&self) -> impl History + Clone {
        SqliteHistory::open(self.0.path().join("jobs.db"))
    }

    async fn goes_away(&mut self) {
        self.0.fill();
    }

    async fn is_back(&mut self) {
        self.0.free();
    }
}

/// No page more can be written, says SQLite, and nobody else.
pub struct Limited {
    folder: Folder,
    is_full: Arc<AtomicBool>,
}

impl Limited {
    pub fn new() -> Self {
        Self {
            folder: Folder::new("limited"),
            is_full: Arc::default(),
        }
    }
}

impl Store for Limited {
    fn history(&self) -> impl History + Clone {
        let options = SqliteConnectOptions::new()
            .filename(self.folder.file())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let is_full = Arc::clone(&self.is_full);
        let pool = SqlitePoolOptions::new().before_acquire(move |connection, _| {
            // As many as there are already, or as many as there may ever be.
            let sql = if is_full.load(Ordering::SeqCst) {
                "PRAGMA max_page_count = 1"
            } else {
                "PRAGMA max_page_count = 4294967294"
            };
            Box::pin(async move { raw_sql(sql).execute(connection).await.map(|_| true) })
        });
        SqliteHistory::pool(pool.connect_lazy_with(options))
    }

    async fn goes_away(&mut self) {
        self.is_full.store(true, Ordering::SeqCst);
    }

    async fn is_back(&mut self) {
        self.is_full.store(false, Ordering::SeqCst);
    }
}
