//! The check of PostgreSQL behind PgBouncer.

use crate::servers::{SERVERS, survives_restarts};
use crate::support::env;
use crate::support::health::{assert_says, result, with};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tower_vitals::health::Status;
use tower_vitals::health::checks::Postgres;

async fn stops_and_restarts(name: &'static str, variable: &str) {
    let _alone = SERVERS.lock().await;
    let url = env(variable);
    let options: PgConnectOptions = url.parse().unwrap();
    let pool = PgPoolOptions::new().connect_lazy_with(options.extra_float_digits(None));
    let checks = [
        with(Postgres::url(&url).unwrap()),
        with(Postgres::pool(pool)),
    ];
    survives_restarts(name, checks).await;
}

#[tokio::test]
#[ignore = "needs PgBouncer: tests/run"]
async fn pgbouncer_in_transaction_mode_stops_and_restarts() {
    stops_and_restarts("pgbouncer", "VITALS_PGBOUNCER").await;
}

#[tokio::test]
#[ignore = "needs PgBouncer: tests/run"]
async fn pgbouncer_in_session_mode_stops_and_restarts() {
    stops_and_restarts("pgbouncer-session", "VITALS_PGBOUNCER_SESSION").await;
}

#[tokio::test]
#[ignore = "needs PgBouncer: tests/run"]
async fn a_startup_parameter_that_pgbouncer_refuses_is_named_with_advice() {
    let _alone = SERVERS.lock().await;
    let url = env("VITALS_PGBOUNCER");
    // sqlx adds it to the options of each pool.
    let pool = PgPoolOptions::new().connect_lazy(&url).unwrap();
    let result = result(&with(Postgres::pool(pool))).await;
    assert_says(
        &result,
        Status::Unhealthy,
        "the database returned an error: unsupported startup parameter: extra_float_digits (PgBouncer refuses a startup \
         parameter: remove it from the connection's options, or add it to PgBouncer's `ignore_startup_parameters`)",
    );
}
