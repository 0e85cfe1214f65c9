//! A service that is killed again and again while alerts fire, resolve, are acknowledged, silenced, resolved by hand and fired from
//! code, and while it starts: its store holds each change once, its receivers get each notification, vendors that know alerts by a key
//! have one incident for each firing, and nothing of people or budgets is lost.

use std::time::Duration;

mod child;
mod killed;
mod killer;
mod random;
mod vendors;

#[cfg(feature = "alerts-sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_on_sqlite_loses_nothing_by_thirty_kills() {
    use tower_vitals::alerts::stores::SqliteAlerts;

    let file = crate::stores::SqliteFile::new("engine-kill");
    let place = file.0.to_str().unwrap();
    let open = || SqliteAlerts::open(place);
    killer::kill_thirty_times(place, "local", None, Duration::from_millis(300), open).await;
}

#[cfg(feature = "alerts-postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and Alertmanager: tests/run"]
async fn an_engine_on_postgres_loses_nothing_by_thirty_kills() {
    use tower_vitals::alerts::stores::PostgresAlerts;

    let database = crate::stores::Database::new("engine_kill").await;
    let url = database.url();
    let open = || PostgresAlerts::url(&url).unwrap();
    let alertmanager = crate::support::env("VITALS_ALERTMANAGER");
    killer::kill_thirty_times(
        &url,
        "instance:shop-1",
        Some(&alertmanager),
        Duration::from_millis(600),
        open,
    )
    .await;
}
