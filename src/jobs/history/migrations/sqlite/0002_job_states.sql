ALTER TABLE job_runs ADD COLUMN was_updated INTEGER NOT NULL DEFAULT FALSE;
CREATE TABLE job_states (
    job_name TEXT NOT NULL PRIMARY KEY,
    known_since REAL NOT NULL,
    schedule TEXT,
    registered_at REAL,
    last_start REAL,
    started_at REAL,
    failures_in_a_row INTEGER NOT NULL DEFAULT 0,
    success_epoch INTEGER NOT NULL DEFAULT 0,
    last_failure REAL
) WITHOUT ROWID;
INSERT INTO job_states (job_name, known_since, last_start, started_at)
    SELECT job_name, unixepoch('subsec'), unixepoch(MAX(started_at), 'subsec'), unixepoch(MAX(started_at), 'subsec')
    FROM job_runs GROUP BY job_name;
CREATE TABLE job_problems (
    job_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    since REAL NOT NULL,
    run_id TEXT,
    message TEXT NOT NULL,
    last_start REAL,
    success_epoch INTEGER NOT NULL,
    resolved_at REAL,
    resolved_by TEXT,
    PRIMARY KEY (job_name, kind)
) WITHOUT ROWID;
