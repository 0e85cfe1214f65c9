//! `SqliteFile`: opens the file of a history, and another one if that is gone.

use std::future::ready;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, raw_sql};
use tokio::sync::futures::Notified;
use tokio::time::sleep;

use super::dialect::Dialect;
use super::file_watch::FileWatch;
use super::mirror::Mirror;
use super::open_file::OpenFile;
use crate::error::{Error, ErrorKind};
use crate::sql::{DbFuture, Pools};

#[derive(Debug)]
pub(super) struct SqliteFile {
    watch: FileWatch,
    mirror: Option<Mirror>,
    /// How the last file was lost, until the next one is complete.
    lost: Mutex<Option<&'static str>>,
}

impl SqliteFile {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            watch: FileWatch::new(path),
            mirror: None,
            lost: Mutex::default(),
        }
    }

    /// Returns pools that open the file when they are used.
    pub(super) fn pools(&self) -> Pools<Sqlite> {
        let read = SqliteConnectOptions::new()
            .filename(self.watch.path())
            // Shorter than the timeout of a store call, so that the error says that the file is locked.
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let write = (read.clone().create_if_missing(true))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal);
        let connections = |max| SqlitePoolOptions::new().max_connections(max);
        // A query in another file at this path would delete the log of the one that is open. Opening it does not.
        let reading = self.watch.clone();
        let readers = connections(4).after_connect(move |_, _| {
            let checked = reading.check_connection();
            Box::pin(ready(
                checked.map_err(|error| sqlx::Error::Configuration(error.into())),
            ))
        });
        // Writers wait for each other here in their order, and not for the file's lock, which takes no turns.
        let opening = self.watch.clone();
        let writer = connections(1).after_connect(move |_, _| {
            opening.opened();
            Box::pin(ready(Ok(())))
        });
        Pools {
            readers: readers.connect_lazy_with(read),
            writer: writer.connect_lazy_with(write),
        }
    }

    /// Closes all connections to a file that is not at its path any more. Its log must not be there either when another file
    /// is opened, because SQLite would apply it to that one.
    async fn close(&self, pools: &Pools<Sqlite>) -> Result<(), sqlx::Error> {
        // Never a new connection, because that one would open the other file.
        let mut writer = pools.writer.try_acquire();
        // The last call may still be returning its connection.
        for _ in 0..50 {
            if writer.is_some() || pools.writer.size() == 0 {
                break;
            }
            sleep(Duration::from_millis(10)).await;
            writer = pools.writer.try_acquire();
        }
        if let Some(writer) = &mut writer {
            // The file may have been moved. Failures do not matter if it was deleted.
            let merge = raw_sql("PRAGMA wal_checkpoint(TRUNCATE)");
            let _ = merge.execute(&mut **writer).await;
            // The lock of the old file keeps other processes from removing the log of a new one here.
            let lock = writer.begin_with(Sqlite::BEGIN).await;
            self.watch.remove_logs().map_err(sqlx::Error::Io)?;
            if let Ok(lock) = lock {
                let _ = lock.rollback().await;
            }
        } else {
            self.watch.remove_logs().map_err(sqlx::Error::Io)?;
        }
        drop(writer);
        pools.readers.close().await;
        pools.writer.close().await;
        Ok(())
    }
}

impl OpenFile<Sqlite> for SqliteFile {
    fn check(&self) -> Result<(), Error> {
        if self.lost.lock().is_some() {
            let path = self.watch.path().display();
            let message = format!("the file {path} is not complete yet");
            return Err(Error::new(ErrorKind::Io, message));
        }
        self.watch.check()
    }

    fn used(&self) {
        self.watch.used();
    }

    fn lost(&self) -> Notified<'_> {
        self.watch.lost()
    }

    fn mirror(&self) -> Option<&Mirror> {
        self.mirror.as_ref()
    }

    fn reopen<'a>(&'a self, pools: &'a mut Pools<Sqlite>) -> DbFuture<'a, ()> {
        Box::pin(async move {
            if let Some(problem) = self.watch.problem() {
                self.lost.lock().get_or_insert(problem);
                self.close(pools).await?;
                self.watch.forget();
                *pools = self.pools();
            }
            Ok(())
        })
    }

    fn completed(&self) {
        self.watch.used();
        if let Some(problem) = self.lost.lock().take() {
            let path = self.watch.path().display();
            tracing::warn!(
                "the file {path} of the job history was {problem} while it was open: the file at this path is used from now on, and \
                 runs that ended before are gone unless it has them"
            );
        }
    }

    fn with_recreation(&self, recreate: bool) -> Arc<dyn OpenFile<Sqlite>> {
        Arc::new(Self {
            watch: self.watch.clone(),
            mirror: recreate.then(Mirror::default),
            lost: Mutex::default(),
        })
    }
}
