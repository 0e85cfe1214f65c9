//! The tables, and how those of an older version become them.

use sqlx::{AssertSqlSafe, PgConnection};

/// Held while migrations are looked at: a number that is this crate's, for advisory locks have no names.
const LOCK: i64 = 0x7669_7461_6c73;

/// Each brings the tables one version further. They are only ever added to.
const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE job_runs (
        id UUID PRIMARY KEY,
        job_name VARCHAR(100) NOT NULL,
        started_at TIMESTAMPTZ NOT NULL,
        finished_at TIMESTAMPTZ,
        status VARCHAR(10) NOT NULL,
        duration_seconds DOUBLE PRECISION,
        error_message VARCHAR(500),
        metadata JSONB NOT NULL,
        instance VARCHAR(200) NOT NULL,
        lease_until TIMESTAMPTZ
    );
    CREATE INDEX job_runs_by_start ON job_runs (started_at, id);
    CREATE INDEX job_runs_by_job ON job_runs (job_name, started_at, id);
    CREATE INDEX job_runs_by_status ON job_runs (status, started_at, id);
    CREATE INDEX job_runs_by_job_and_status ON job_runs (job_name, status, started_at, id);
    CREATE INDEX job_runs_running ON job_runs (lease_until) WHERE status = 'running';
    CREATE TABLE job_run_totals (
        job_name VARCHAR(100) NOT NULL,
        status VARCHAR(10) NOT NULL,
        runs BIGINT NOT NULL,
        seconds DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (job_name, status)
    );
",
    "
    ALTER TABLE job_runs ADD COLUMN was_there BOOLEAN NOT NULL DEFAULT FALSE;
    CREATE TABLE job_standings (
        job_name VARCHAR(100) PRIMARY KEY,
        known_since TIMESTAMPTZ NOT NULL,
        schedule TEXT,
        registered_at TIMESTAMPTZ,
        last_start TIMESTAMPTZ,
        started_at TIMESTAMPTZ,
        failures_in_a_row BIGINT NOT NULL DEFAULT 0,
        streak BIGINT NOT NULL DEFAULT 0,
        last_failure TIMESTAMPTZ
    );
    INSERT INTO job_standings (job_name, known_since, last_start, started_at)
        SELECT job_name, clock_timestamp(), MAX(started_at), MAX(started_at) FROM job_runs GROUP BY job_name;
    CREATE TABLE job_problems (
        job_name VARCHAR(100) NOT NULL,
        kind VARCHAR(10) NOT NULL,
        id UUID NOT NULL,
        since TIMESTAMPTZ NOT NULL,
        run_id UUID,
        message VARCHAR(700) NOT NULL,
        last_start TIMESTAMPTZ,
        streak BIGINT NOT NULL,
        resolved_at TIMESTAMPTZ,
        resolved_by UUID,
        PRIMARY KEY (job_name, kind)
    );
",
];

/// Within a transaction, at whose end the lock goes: of two that start at once one waits, and finds it done.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS job_run_migrations (version INTEGER NOT NULL PRIMARY KEY)",
    )
    .execute(&mut *connection)
    .await?;
    let done: i32 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM job_run_migrations")
        .fetch_one(&mut *connection)
        .await?;
    // Of a newer version of this crate there may be more: forward only.
    let done = usize::try_from(done).unwrap_or(0);
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        sqlx::raw_sql(AssertSqlSafe(*migration))
            .execute(&mut *connection)
            .await?;
        sqlx::query("INSERT INTO job_run_migrations (version) VALUES ($1)")
            .bind(i32::try_from(at + 1).unwrap_or(i32::MAX))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
