//! The store in SQLite.

use std::path::PathBuf;

use tower_vitals::alerts::stores::SqliteAlerts;

use super::contract;

/// A SQLite file that is removed with the test.
pub(super) struct File(pub(super) PathBuf);

impl File {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("vitals-alerts-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(super) fn store(&self) -> SqliteAlerts {
        SqliteAlerts::open(&self.0)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}

macro_rules! test {
    ($($promise:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $promise() {
            let file = File::new(stringify!($promise));
            let count = if stringify!($promise).ends_with("_by_count") { 10 } else { 100_000 };
            contract::$promise(file.store().retention(contract::AGE, count)).await;
        })*
    };
}
for_each_promise!(test);
