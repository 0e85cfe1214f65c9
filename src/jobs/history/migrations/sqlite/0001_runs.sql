CREATE TABLE job_runs (
    id TEXT NOT NULL PRIMARY KEY,
    job_name TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    status TEXT NOT NULL,
    duration_seconds REAL,
    error_message TEXT,
    metadata TEXT NOT NULL,
    instance TEXT NOT NULL,
    lease_until REAL
) WITHOUT ROWID;
CREATE INDEX job_runs_by_start ON job_runs (started_at, id);
CREATE INDEX job_runs_by_job ON job_runs (job_name, started_at, id);
CREATE INDEX job_runs_by_status ON job_runs (status, started_at, id);
CREATE INDEX job_runs_by_job_and_status ON job_runs (job_name, status, started_at, id, duration_seconds);
CREATE TABLE job_run_totals (
    job_name TEXT NOT NULL,
    status TEXT NOT NULL,
    runs INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (job_name, status)
) WITHOUT ROWID;
