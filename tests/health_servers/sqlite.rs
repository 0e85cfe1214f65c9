//! The SQLite check of a file that disappears, is locked, and is not a database.

use std::path::PathBuf;

use crate::support::health::{assert_says, result, with};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use tower_vitals::health::Status;
use tower_vitals::health::checks::Sqlite;

/// A directory that is removed after the test.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vitals-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_sqlite_file_disappears_and_returns() {
    let directory = TempDir::new("sqlite");
    let (file, moved) = (directory.0.join("orders.db"), directory.0.join("away.db"));
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(options.clone())
        .await
        .unwrap();
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        .execute(&pool)
        .await
        .unwrap();
    let url = format!("sqlite://{}", file.display());
    let checks = [
        with(Sqlite::url(&url).unwrap()),
        with(Sqlite::pool(pool.clone())),
    ];
    for _ in 0..2 {
        for health in &checks {
            assert_eq!(result(health).await.status(), Status::Healthy);
        }
        std::fs::rename(&file, &moved).unwrap();
        assert_says(
            &result(&checks[0]).await,
            Status::Unhealthy,
            "unable to open database file",
        );
        assert_says(
            &result(&checks[1]).await,
            Status::Unhealthy,
            "orders.db: the file does not exist",
        );
        assert!(!file.exists(), "a check does not create the file");
        std::fs::rename(&moved, &file).unwrap();
    }
    // Locked by a writer for longer than the check waits.
    let mut writer = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN EXCLUSIVE")
        .execute(&mut writer)
        .await
        .unwrap();
    assert_says(
        &result(&checks[0]).await,
        Status::Unhealthy,
        "database is locked",
    );
    sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    for health in &checks {
        assert_eq!(result(health).await.status(), Status::Healthy);
    }
    writer.close().await.unwrap();
    pool.close().await;
    std::fs::write(&file, "not a database, but long enough to have been one").unwrap();
    assert_says(
        &result(&checks[0]).await,
        Status::Unhealthy,
        "file is not a database",
    );
}
