//! The store in PostgreSQL, on a direct connection and behind PgBouncer.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection, query_scalar, raw_sql};
use tower_vitals::ErrorKind;
use tower_vitals::alerts::stores::{AlertStore, PostgresAlerts, Saved};

use super::failures::{a_failed_commit_changes_nothing, unreadable_rows_are_skipped};
use super::fixtures::{LEDGER, TTL, commit_to, document, fired, queued};
use super::{contract, failures};
use crate::support::postgres::Cluster;
use crate::support::{env, until, with_password};

const DIRECT: &str = "VITALS_POSTGRES";
const TRANSACTION_MODE: &str = "VITALS_PGBOUNCER";

/// A database of the test's own.
pub(crate) struct Database(String);

impl Database {
    pub(crate) async fn new(name: &str) -> Self {
        // A name has at most 63 bytes.
        let name: String = format!("vitals_alerts_{name}").chars().take(60).collect();
        let mut connection = PgConnection::connect(&env(DIRECT)).await.unwrap();
        for sql in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            let sql = raw_sql(AssertSqlSafe(sql));
            sql.execute(&mut connection).await.unwrap();
        }
        Self(name)
    }

    /// Its URL through this server.
    pub(super) fn through(&self, server: &str) -> String {
        let url = env(server);
        let (server, _) = url.rsplit_once('/').unwrap();
        format!("{server}/{}", self.0)
    }

    pub(crate) fn url(&self) -> String {
        self.through(DIRECT)
    }

    fn store(&self) -> PostgresAlerts {
        PostgresAlerts::url(&self.url()).unwrap()
    }

    async fn run(&self, sql: &str) {
        run(&self.url(), sql).await;
    }
}

async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let sql = raw_sql(AssertSqlSafe(sql.to_owned()));
    sql.execute(&mut connection).await.unwrap();
}

fn retained(store: PostgresAlerts, promise: &str) -> PostgresAlerts {
    let count = if promise.ends_with("_by_count") {
        10
    } else {
        100_000
    };
    store.retention(contract::AGE, count)
}

macro_rules! test {
    ($($promise:ident)*) => {
        mod direct {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs PostgreSQL: tests/run"]
            async fn $promise() {
                let database = Database::new(stringify!($promise)).await;
                contract::$promise(retained(database.store(), stringify!($promise))).await;
            })*
        }

        mod pgbouncer {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs PgBouncer: tests/run"]
            async fn $promise() {
                let database = Database::new(concat!("b_", stringify!($promise))).await;
                let store = PostgresAlerts::url(&database.through(TRANSACTION_MODE)).unwrap();
                contract::$promise(retained(store, stringify!($promise))).await;
            })*
        }
    };
}
for_each_promise!(test);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn a_commit_that_fails_half_way_changes_nothing() {
    let database = Database::new("half_way").await;
    let fault = async || {
        let sql = "CREATE FUNCTION fail() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''planted''; END' LANGUAGE plpgsql; \
            CREATE TRIGGER fault BEFORE INSERT ON vitals_alert_history_alerts FOR EACH ROW EXECUTE FUNCTION fail()";
        database.run(sql).await;
    };
    let mend = async || {
        database
            .run("DROP TRIGGER fault ON vitals_alert_history_alerts")
            .await;
    };
    a_failed_commit_changes_nothing(database.store(), fault, mend).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn rows_that_cannot_be_read_are_skipped_and_counted() {
    let database = Database::new("unreadable").await;
    unreadable_rows_are_skipped(database.store(), async |sql| database.run(sql).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn a_ledger_without_an_engine_is_removed_after_30_days() {
    let database = Database::new("abandoned").await;
    let sql = "UPDATE vitals_alert_ledgers SET written_at = written_at - interval '31 days', \
        lease_until = lease_until - interval '31 days' WHERE ledger = 'gone'";
    failures::abandoned_ledgers_are_removed(database.store(), async || database.run(sql).await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PgBouncer: tests/run"]
async fn eight_instances_create_the_tables_at_once() {
    let database = Database::new("migrations").await;
    for _ in 0..2 {
        let starts = (0..8).map(|n| {
            let store = PostgresAlerts::url(&database.through(TRANSACTION_MODE)).unwrap();
            tokio::spawn(async move { store.lease(LEDGER, &n.to_string(), TTL).await })
        });
        let mut taken = 0;
        for start in starts.collect::<Vec<_>>() {
            taken += usize::from(start.await.unwrap().unwrap().is_some());
        }
        // The second time, the one that has it renews it.
        assert_eq!(taken, 1);
    }
    let mut direct = PgConnection::connect(&database.url()).await.unwrap();
    let versions = query_scalar::<_, i64>("SELECT version FROM vitals_alert_migrations");
    assert_eq!(versions.fetch_all(&mut direct).await.unwrap(), [1]);
}

/// The message, which holds no password, and the messages of the sources.
async fn failure(url: &str) -> (String, String) {
    let store = PostgresAlerts::url(url).unwrap();
    let error = store.load(LEDGER).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let (message, sources) = (error.to_string(), format!("{error:?}"));
    for text in [&message, &sources] {
        assert!(!text.contains("pl4nted"), "{text}");
    }
    let (_, place) = url.rsplit_once('@').unwrap();
    let place = format!("the alert store in PostgreSQL ({place}) fails: ");
    let cause = message.strip_prefix(&place);
    (
        cause.unwrap_or_else(|| panic!("{message}")).to_owned(),
        sources,
    )
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn mistakes_in_the_url_are_named_without_the_password() {
    let url = env(DIRECT);
    let (message, source) = failure(&with_password(&url, "pl4nted-wrong")).await;
    assert_eq!(message, "the server refuses the user or the password");
    assert!(
        source.contains("password authentication failed"),
        "{source}"
    );

    let (server, _) = url.rsplit_once('/').unwrap();
    let (message, _) = failure(&format!("{server}/vitals_none")).await;
    assert_eq!(message, "the database does not exist");

    let began = Instant::now();
    let (message, _) = failure("postgres://shop:pl4nted-s3cret@127.0.0.1:1/shop").await;
    assert_eq!(
        message,
        "no connection in time: the server is down, hangs or refuses connections, or all connections are in use"
    );
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );

    let error = PostgresAlerts::url("mysql://shop:pl4nted-s3cret@db/shop").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        "the URL of the alert store is no PostgreSQL URL: it begins with postgres:// and names user, host and database"
    );
}

/// A user may write the tables, but not create them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn missing_rights_are_named_and_few_suffice_once_the_tables_exist() {
    let database = Database::new("rights").await;
    let drop = "DROP ROLE IF EXISTS vitals_alerts_writer";
    database.run(drop).await;
    database
        .run("CREATE ROLE vitals_alerts_writer LOGIN PASSWORD 'pl4nted-writer'")
        .await;
    let url = with_password(&database.url(), "pl4nted-writer")
        .replace("postgres:pl4", "vitals_alerts_writer:pl4");
    let (message, source) = failure(&url).await;
    assert_eq!(
        message,
        "the user lacks a right: CREATE on the schema for the first start, then SELECT, INSERT, UPDATE and DELETE on the \
         tables vitals_alert_*"
    );
    assert!(
        source.contains("permission denied for schema public"),
        "{source}"
    );

    database.store().load(LEDGER).await.unwrap();
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO vitals_alerts_writer";
    database.run(grant).await;
    let store = PostgresAlerts::url(&url)
        .unwrap()
        .retention(contract::AGE, 1);
    let mut commit = commit_to(&store, LEDGER).await;
    document(&mut commit, "state", "1");
    commit.queued = vec![queued("a")];
    commit.events = vec![fired("a", 1), fired("a", 2)];
    store.commit(&commit).await.unwrap();
    assert_eq!(store.load(LEDGER).await.unwrap().outbox, commit.queued);
    until("the history is pruned", async || {
        let query = tower_vitals::alerts::stores::HistoryQuery::latest(9);
        store.history(&query).await.unwrap().events == [fired("a", 2)]
    })
    .await;
    std::mem::drop(store);
    database.run("DROP OWNED BY vitals_alerts_writer").await;
    database.run(drop).await;
}

/// A client that is gone, but whose server does not know, holds the ledger.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn a_locked_ledger_is_an_error_in_time() {
    let database = Database::new("locked").await;
    let store = database.store();
    let commit = commit_to(&store, LEDGER).await;
    let mut other = PgConnection::connect(&database.url()).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    raw_sql("SELECT * FROM vitals_alert_ledgers FOR UPDATE")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let began = Instant::now();
    let error = store.commit(&commit).await.unwrap_err();
    let cause = "fails: a statement took longer than 4 s";
    assert!(error.to_string().ends_with(cause), "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    // Others are not affected.
    commit_to(&store, "other").await;
    transaction.rollback().await.unwrap();
    store.commit(&commit).await.unwrap();
}

/// The server hangs, is killed and starts again. It is the test's own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn a_server_that_hangs_or_restarts_is_an_error_in_time() {
    let server = Cluster::start("alerts-restart");
    let store = PostgresAlerts::url(&server.url).unwrap();
    let mut commit = commit_to(&store, LEDGER).await;
    document(&mut commit, "state", "before");
    store.commit(&commit).await.unwrap();

    // During a statement, which waits for another client.
    let mut other = PgConnection::connect(&server.url).await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    let lock = raw_sql("SELECT * FROM vitals_alert_ledgers FOR UPDATE");
    lock.execute(&mut *transaction).await.unwrap();
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let hang = async {
        loop {
            let waiting = query_scalar::<_, i64>(waits).fetch_one(&mut *transaction);
            if waiting.await.unwrap() > 0 {
                return server.freeze();
            }
        }
    };
    let began = Instant::now();
    let (result, ()) = tokio::join!(store.commit(&commit), hang);
    let error = result.unwrap_err();
    assert!(
        error.to_string().ends_with("did not answer within 5 s"),
        "{error}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );

    document(&mut commit, "state", "frozen");
    for _ in 0..2 {
        let began = Instant::now();
        let error = store.commit(&commit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        let cause = "no connection in time: the server is down, hangs";
        assert!(error.to_string().contains(cause), "{error}");
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{:?}",
            began.elapsed()
        );
    }
    server.kill();
    let error = store.load(LEDGER).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    server.start_again();
    let saved = async || store.load(LEDGER).await.unwrap_or_default();
    until("the server answers", async || {
        saved().await != Saved::default()
    })
    .await;
    assert_eq!(saved().await.documents["state"], b"before");
    document(&mut commit, "state", "after");
    store.commit(&commit).await.unwrap();
    assert_eq!(saved().await.documents["state"], b"after");
}
