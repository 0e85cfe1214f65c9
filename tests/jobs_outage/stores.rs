//! Stores that can be made unavailable.
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

pub trait Store {
    fn history(&self) -> impl History + Clone;
    async fn fail(&mut self);
    /// Called halfway through the outage.
    async fn fail_differently(&mut self) {}
    async fn recover(&mut self);
}

/// First frozen, so that calls hang, then killed, so that they fail.
pub struct Server(Arc<Cluster>);

impl Server {
    pub fn start() -> Self {
        Self(Arc::new(Cluster::start("frozen")))
    }

    async fn run(&self, action: fn(&Cluster)) {
        let cluster = Arc::clone(&self.0);
        spawn_blocking(move || action(&cluster)).await.unwrap();
    }
}

impl Store for Server {
    fn history(&self) -> impl History + Clone {
        PostgresHistory::url(&self.0.url).unwrap()
    }

    async fn fail(&mut self) {
        self.run(Cluster::freeze).await;
    }

    async fn fail_differently(&mut self) {
        self.run(Cluster::kill).await;
    }

    async fn recover(&mut self) {
        self.run(Cluster::start_again).await;
    }
}

/// A folder for an SQLite file, removed with the test.
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

/// Another connection holds a transaction open.
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

    async fn fail(&mut self) {
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

    async fn recover(&mut self) {
        let mut other = self.other.take().unwrap();
        raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        other.close().await.unwrap();
    }
}

/// The disk is full.
pub struct Full(pub Disk);

impl Store for Full {
    fn history(&self) -> impl History + Clone {
        SqliteHistory::open(self.0.path().join("jobs.db"))
    }

    async fn fail(&mut self) {
        self.0.fill();
    }

    async fn recover(&mut self) {
        self.0.free();
    }
}

/// SQLite refuses to add pages to the file.
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
            // A lower limit than the current size is raised to that size.
            let sql = if is_full.load(Ordering::SeqCst) {
                "PRAGMA max_page_count = 1"
            } else {
                "PRAGMA max_page_count = 4294967294"
            };
            Box::pin(async move { raw_sql(sql).execute(connection).await.map(|_| true) })
        });
        SqliteHistory::pool(pool.connect_lazy_with(options))
    }

    async fn fail(&mut self) {
        self.is_full.store(true, Ordering::SeqCst);
    }

    async fn recover(&mut self) {
        self.is_full.store(false, Ordering::SeqCst);
    }
}
