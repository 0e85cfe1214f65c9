//! The same with stores whose rows and files are read.

#[cfg(feature = "alerts-postgres")]
#[tokio::test]
#[ignore = "needs PostgreSQL: tests/run"]
async fn planted_secrets_are_in_no_row_of_postgres() {
    use sqlx::{Connection, PgConnection, query_scalar};
    use tower_vitals::alerts::stores::PostgresAlerts;

    let database = crate::stores::Database::new("secrets").await;
    let url = database.url();
    super::check(PostgresAlerts::url(&url).unwrap(), async || {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let tables =
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
        let tables: Vec<String> = query_scalar(tables)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert!(tables.len() >= 5, "{tables:?}");
        let mut rows = Vec::new();
        for table in tables {
            let all = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
            let all: Vec<String> = query_scalar(all).fetch_all(&mut connection).await.unwrap();
            rows.extend(all);
        }
        rows
    })
    .await;
}

/// The file has rows that were deleted, too.
#[cfg(feature = "alerts-sqlite")]
#[tokio::test]
async fn planted_secrets_are_in_no_file_of_sqlite() {
    use tower_vitals::alerts::stores::SqliteAlerts;

    let file = crate::stores::SqliteFile::new("secrets");
    let path = file.0.display().to_string();
    super::check(SqliteAlerts::open(&file.0), async || {
        let parts = ["", "-wal"].map(|suffix| std::fs::read(format!("{path}{suffix}")));
        let parts = parts.into_iter().flatten();
        parts
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    })
    .await;
}
