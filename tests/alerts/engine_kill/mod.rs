//! A service that is killed again and again while alerts fire, resolve, are acknowledged, silenced, resolved by hand and fired from
//! code: its store holds each change once, its receivers get each notification, and nothing of people or budgets is lost.

mod child;
mod killer;
mod random;

#[cfg(feature = "alerts-sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_on_sqlite_loses_nothing_by_thirty_kills() {
    use tower_vitals::alerts::stores::SqliteAlerts;

    let file = crate::stores::SqliteFile::new("engine-kill");
    let place = file.0.to_str().unwrap();
    let open = || SqliteAlerts::open(place);
    killer::kill_thirty_times(place, "local", open).await;
}

#[cfg(feature = "alerts-postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/run"]
async fn an_engine_on_postgres_loses_nothing_by_thirty_kills() {
    use tower_vitals::alerts::stores::PostgresAlerts;

    let database = crate::stores::Database::new("engine_kill").await;
    let url = database.url();
    let open = || PostgresAlerts::url(&url).unwrap();
    killer::kill_thirty_times(&url, "instance:shop-1", open).await;
}
