//! `PostgresAlerts`: alerts in PostgreSQL, for many instances.

use std::str::FromStr;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Postgres};

use super::SqlAlerts;
use super::dialect::Dialect;
use super::place::Place;
use crate::error::Error;
use crate::pgbouncer;
use crate::redact::register_url;
use crate::sql::Migrations;

/// Keeps alerts in PostgreSQL, which all instances of a service may share. [`SqlAlerts`] lists its tables, which are in the first
/// schema of the search path.
///
/// The clocks of the instances may differ, because leases use the database's clock. PgBouncer may be in between, also in
/// transaction mode. A server that hangs makes each call fail after five seconds, and a client that is gone holds no lock for
/// longer.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use std::time::Duration;
/// use tower_vitals::alerts::stores::{AlertStore, PostgresAlerts};
///
/// let store = PostgresAlerts::url("postgres://shop:s3cret@db/shop")?;
/// if let Some(lease) = store.lease("shared", "shop-1", Duration::from_secs(30)).await? {
///     let saved = store.load("shared").await?;
///     println!("epoch {}: {} notifications to send", lease.epoch, saved.outbox.len());
/// }
/// # Ok(()) }
/// ```
pub type PostgresAlerts = SqlAlerts<Postgres>;

impl SqlAlerts<Postgres> {
    /// Keeps alerts in the database of this URL, with at most four connections, which are opened when they are needed.
    ///
    /// # Errors
    ///
    /// The URL is not a PostgreSQL URL. The message does not show it.
    pub fn url(url: &str) -> Result<Self, Error> {
        register_url(url);
        // sqlx accepts any scheme.
        let has_scheme = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let options = PgConnectOptions::from_str(url).ok().filter(|_| has_scheme);
        let options = options.ok_or_else(|| {
            Error::invalid(
                "the URL of the alert store is no PostgreSQL URL: it begins with postgres:// and names user, host and database",
            )
        })?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            // Shorter than the timeout of a call, so that the error says that no connection was made.
            .acquire_timeout(Duration::from_secs(4))
            .connect_lazy_with(
                options
                    .disable_statement_logging()
                    // PgBouncer refuses this parameter by default. No floats are read.
                    .extra_float_digits(None),
            );
        Ok(Self::pool(pool))
    }

    /// Keeps alerts in the database of this pool, beside other tables.
    #[must_use]
    pub fn pool(pool: PgPool) -> Self {
        let server = Server::of(&pool.connect_options());
        Self::with_pool(pool, server)
    }
}

/// The address of a server and the name of its database.
#[derive(Debug)]
struct Server(String);

impl Server {
    fn of(options: &PgConnectOptions) -> Self {
        let (host, port) = (options.get_host(), options.get_port());
        let database = options.get_database().unwrap_or(options.get_username());
        Self(format!("{host}:{port}/{database}"))
    }
}

impl Place for Server {
    fn name(&self) -> String {
        format!("PostgreSQL ({})", self.0)
    }
}

impl Dialect for Postgres {
    const KIND: &'static str = "postgres";
    const IS_SHARED: bool = true;

    /// The limits end with the transaction. They keep the lock of a ledger from outliving a client that is gone.
    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 4000; \
        SET LOCAL idle_in_transaction_session_timeout = 5000";

    const BEGIN_READ: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 4000; \
        SET LOCAL idle_in_transaction_session_timeout = 5000";

    const TIMEOUT: Duration = Duration::from_secs(5);

    const MIGRATIONS: Migrations = Migrations {
        table: "vitals_alert_migrations",
        files: &[(
            "alerts",
            include_str!("../migrations/postgres/0001_alerts.sql"),
        )],
        begin: Self::BEGIN,
        // Advisory locks have no names. The number is that of the letters "vitalert".
        lock: Some("SELECT pg_advisory_xact_lock(x'766974616c657274'::bigint)"),
    };

    fn advice(error: &sqlx::Error) -> Option<&'static str> {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Some(
                "no connection in time: the server is down, hangs or refuses connections, or all connections are in use",
            );
        }
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.as_deref() {
            Some("28P01" | "28000") => Some("the server refuses the user or the password"),
            Some("3D000") => Some("the database does not exist"),
            Some("3F000") => Some("the search path names no schema for the tables"),
            Some("42501") => Some(
                "the user lacks a right: CREATE on the schema for the first start, then SELECT, INSERT, UPDATE and DELETE on the \
                 tables vitals_alert_*",
            ),
            Some("42P01") => Some("a table is missing: restart the service to create it"),
            Some("57014") => Some("a statement took longer than 4 s"),
            _ => pgbouncer::advice(error),
        }
    }
}
