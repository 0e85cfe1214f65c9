ALTER TABLE job_states ADD COLUMN last_success TIMESTAMPTZ;
ALTER TABLE job_states ADD COLUMN last_end TIMESTAMPTZ;
UPDATE job_states SET
    last_success = (SELECT MAX(finished_at) FROM job_runs
        WHERE job_runs.job_name = job_states.job_name AND status = 'success'),
    last_end = (SELECT MAX(finished_at) FROM job_runs WHERE job_runs.job_name = job_states.job_name);
