ALTER TABLE job_runs ADD COLUMN was_updated BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE job_states (
    job_name VARCHAR(100) PRIMARY KEY,
    known_since TIMESTAMPTZ NOT NULL,
    schedule TEXT,
    registered_at TIMESTAMPTZ,
    last_start TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    failures_in_a_row BIGINT NOT NULL DEFAULT 0,
    success_epoch BIGINT NOT NULL DEFAULT 0,
    last_failure TIMESTAMPTZ
);
INSERT INTO job_states (job_name, known_since, last_start, started_at)
    SELECT job_name, clock_timestamp(), MAX(started_at), MAX(started_at) FROM job_runs GROUP BY job_name;
CREATE TABLE job_problems (
    job_name VARCHAR(100) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    id UUID NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    run_id UUID,
    message VARCHAR(700) NOT NULL,
    last_start TIMESTAMPTZ,
    success_epoch BIGINT NOT NULL,
    resolved_at TIMESTAMPTZ,
    resolved_by UUID,
    PRIMARY KEY (job_name, kind)
);
