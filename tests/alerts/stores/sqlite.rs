//! The store in SQLite.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, query_scalar, raw_sql};
use tower_vitals::ErrorKind;
use tower_vitals::alerts::stores::{AlertStore, Commit, HistoryQuery, Lease, SqliteAlerts};

use super::contract;
use super::failures::{
    a_failed_commit_changes_nothing, abandoned_ledgers_are_removed, unreadable_rows_are_skipped,
};
use super::fixtures::{LEDGER, TTL, at, commit_to, document, events, fired, queued, take};
use crate::support::disk::Disk;

/// A SQLite file that is removed with the test.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("vitals-alerts-{}-{name}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(super) fn store(&self) -> SqliteAlerts {
        SqliteAlerts::open(&self.0)
    }

    async fn run(&self, sql: &str) {
        let mut connection = self.connect().await;
        let sql = raw_sql(AssertSqlSafe(sql.to_owned()));
        sql.execute(&mut connection).await.unwrap();
    }

    async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(&self.0);
        SqliteConnection::connect_with(&options).await.unwrap()
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

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_half_way_changes_nothing() {
    let file = File::new("half-way");
    let fault = "CREATE TRIGGER fault BEFORE INSERT ON vitals_alert_history_alerts \
        BEGIN SELECT RAISE(ABORT, 'planted'); END";
    let (fault, mend) = (
        async || file.run(fault).await,
        async || file.run("DROP TRIGGER fault").await,
    );
    a_failed_commit_changes_nothing(file.store(), fault, mend).await;
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_skipped_and_counted() {
    let file = File::new("unreadable");
    unreadable_rows_are_skipped(file.store(), async |sql| file.run(sql).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_without_an_engine_is_removed_after_30_days() {
    let file = File::new("abandoned");
    let sql = "UPDATE vitals_alert_ledgers SET written_at = written_at - 31 * 86400, \
        lease_until = lease_until - 31 * 86400 WHERE ledger = 'gone'";
    abandoned_ledgers_are_removed(file.store(), async || file.run(sql).await).await;
}

#[tokio::test]
async fn a_document_that_is_no_text_is_an_error_that_names_it() {
    let file = File::new("no-text");
    let store = file.store();
    let mut commit = commit_to(&store, LEDGER).await;
    document(&mut commit, "state", "1");
    store.commit(&commit).await.unwrap();
    file.run("UPDATE vitals_alert_documents SET body = x'ff00'")
        .await;
    let error = store.load(LEDGER).await.unwrap_err();
    let expected = format!(
        "the document \"state\" of the ledger \"main\" in SQLite ({}) is no text: restore it from a backup, or delete its row in \
         vitals_alert_documents",
        file.0.display()
    );
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Io, expected));
}

/// Two processes have a pool each.
#[tokio::test(flavor = "multi_thread")]
async fn two_stores_share_a_file() {
    let file = File::new("two");
    let stores = [file.store(), file.store()];
    let (one, two) = tokio::join!(
        stores[0].lease(LEDGER, "one", TTL),
        stores[1].lease(LEDGER, "two", TTL)
    );
    // Exactly one of them has the ledger.
    let taken = [one.unwrap(), two.unwrap()];
    assert_eq!(taken.iter().flatten().collect::<Vec<_>>(), [&Lease::new(1)]);
    let write = async |store: &SqliteAlerts, ledger: &str| {
        let lease = take(store, ledger).await;
        for n in 0..100 {
            let mut commit = Commit::new(ledger, lease, at(n));
            document(&mut commit, "state", n.to_string());
            commit.events = vec![fired("a", n)];
            store.commit(&commit).await.unwrap();
            assert_eq!(store.load(ledger).await.unwrap().seen, Some(at(n)));
        }
    };
    tokio::join!(write(&stores[0], "a"), write(&stores[1], "b"));
    assert_eq!(
        events(&stores[1], &HistoryQuery::latest(99)).await.len(),
        200
    );
}

async fn failure(path: &Path) -> String {
    let error = SqliteAlerts::open(path).load(LEDGER).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let place = format!("the alert store in SQLite ({}) fails: ", path.display());
    let message = error.to_string();
    let cause = message.strip_prefix(&place).map(str::to_owned);
    cause.unwrap_or_else(|| panic!("{message}"))
}

#[tokio::test]
async fn mistakes_in_the_path_are_named() {
    let cannot_open = "the file cannot be opened: its folder must exist and be writable";
    let folder = std::env::temp_dir();
    assert_eq!(
        failure(&folder.join("vitals-none/alerts.db")).await,
        cannot_open
    );
    assert_eq!(failure(&folder).await, cannot_open);
    let file = File::new("no-database");
    fs::write(
        &file.0,
        "not a database, but long enough for a header of SQLite".repeat(9),
    )
    .unwrap();
    assert_eq!(failure(&file.0).await, "the file is no SQLite database");
    let text = fs::read_to_string(&file.0).unwrap();
    assert!(text.starts_with("not a database"), "it is left alone");
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_of_the_process_may_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let file = File::new("mode");
    let store = file.store();
    commit_to(&store, LEDGER).await;
    let mode = |suffix: &str| {
        let path = format!("{}{suffix}", file.0.display());
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!([mode(""), mode("-wal"), mode("-shm")], [0o600; 3]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_deleted_or_replaced_is_an_error_until_it_is_back() {
    let file = File::new("lost");
    let store = file.store();
    let mut commit = commit_to(&store, LEDGER).await;
    store.commit(&commit).await.unwrap();
    let away = File::new("lost-away");
    let lost = async |problem: &str| {
        let message = format!(
            "the file {} of the alert store was {problem} while it was open: move it back, or restart the service to use the file at \
             this path",
            file.0.display()
        );
        let error = store.commit(&commit).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Io, message));
        assert!(store.load(LEDGER).await.is_err());
    };
    fs::rename(&file.0, &away.0).unwrap();
    lost("deleted or moved").await;
    fs::write(&file.0, "another file").unwrap();
    lost("replaced").await;
    assert_eq!(fs::read_to_string(&file.0).unwrap(), "another file");
    fs::rename(&away.0, &file.0).unwrap();
    document(&mut commit, "state", "1");
    store.commit(&commit).await.unwrap();
    assert_eq!(store.load(LEDGER).await.unwrap().documents["state"], b"1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_another_process_locks_is_an_error_that_says_so() {
    let file = File::new("locked");
    let store = file.store();
    let commit = commit_to(&store, LEDGER).await;
    let mut other = file.connect().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.commit(&commit).await.unwrap_err();
    let cause = "fails: another process has locked the file";
    assert!(error.to_string().ends_with(cause), "{error}");
    // Readers do not wait.
    assert_eq!(store.load(LEDGER).await.unwrap().seen, None);
    lock.rollback().await.unwrap();
    store.commit(&commit).await.unwrap();
    assert_eq!(store.load(LEDGER).await.unwrap().seen, Some(at(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_changes_nothing_and_passes() {
    // Only root may mount a disk.
    let Some(disk) = Disk::mount("alerts-full") else {
        return;
    };
    let store = SqliteAlerts::open(disk.path().join("alerts.db"));
    let mut commit = commit_to(&store, LEDGER).await;
    document(&mut commit, "state", "1");
    store.commit(&commit).await.unwrap();
    disk.fill();
    document(&mut commit, "state", "2".repeat(100_000));
    commit.queued = vec![queued("a")];
    let error = store.commit(&commit).await.unwrap_err();
    let cause = "fails: the disk is full";
    assert!(error.to_string().ends_with(cause), "{error}");
    let saved = store.load(LEDGER).await.unwrap();
    assert_eq!(
        (saved.documents["state"].as_slice(), saved.outbox.len()),
        (&b"1"[..], 0)
    );
    disk.free();
    store.commit(&commit).await.unwrap();
    let saved = store.load(LEDGER).await.unwrap();
    assert_eq!(
        (saved.documents["state"].len(), saved.outbox.len()),
        (100_000, 1)
    );
}

/// The tables of the service and sqlx's own migrations are left alone.
#[tokio::test]
async fn a_pool_of_the_service_is_shared() {
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    let sql = "CREATE TABLE orders (id INTEGER); CREATE TABLE _sqlx_migrations (version INTEGER); \
        INSERT INTO _sqlx_migrations VALUES (7)";
    raw_sql(sql).execute(&pool).await.unwrap();
    let store = SqliteAlerts::pool(pool.clone());
    let mut commit = commit_to(&store, LEDGER).await;
    document(&mut commit, "state", "1");
    store.commit(&commit).await.unwrap();
    let version = query_scalar::<_, i64>("SELECT version FROM _sqlx_migrations");
    assert_eq!(version.fetch_all(&pool).await.unwrap(), [7]);
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let tables = query_scalar::<_, String>(tables)
        .fetch_all(&pool)
        .await
        .unwrap();
    let expected = [
        "_sqlx_migrations",
        "orders",
        "vitals_alert_documents",
        "vitals_alert_history",
        "vitals_alert_history_alerts",
        "vitals_alert_ledgers",
        "vitals_alert_migrations",
        "vitals_alert_outbox",
    ];
    assert_eq!(tables, expected);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_used_and_changed_ones_are_refused() {
    let file = File::new("versions");
    commit_to(&file.store(), LEDGER).await;
    file.run("INSERT INTO vitals_alert_migrations SELECT 99, 'newer', 0, TRUE, x'00', 0")
        .await;
    commit_to(&file.store(), LEDGER).await;
    file.run("UPDATE vitals_alert_migrations SET checksum = x'00'")
        .await;
    let error = file.store().load(LEDGER).await.unwrap_err();
    let error = format!("{error:?}");
    assert!(error.contains("VersionMismatch"), "{error}");
}

/// Both uses of the index, because a search through all events would be slow.
#[tokio::test]
async fn events_of_an_alert_are_found_by_an_index() {
    let file = File::new("index");
    let store = file.store();
    commit_to(&store, LEDGER).await;
    let mut connection = file.connect().await;
    let plan = "EXPLAIN QUERY PLAN SELECT history.id, history.body FROM vitals_alert_history_alerts AS about \
        JOIN vitals_alert_history AS history ON history.id = about.event WHERE about.alert = 'a' AND about.event < 9 \
        ORDER BY about.event DESC LIMIT 9";
    let plan = sqlx::query(plan).fetch_all(&mut connection).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| sqlx::Row::get(row, 3)).collect();
    let expected = [
        "SEARCH about USING PRIMARY KEY (alert=? AND event<?)",
        "SEARCH history USING INTEGER PRIMARY KEY (rowid=?)",
    ];
    assert_eq!(plan, expected);
}
