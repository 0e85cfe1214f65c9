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
