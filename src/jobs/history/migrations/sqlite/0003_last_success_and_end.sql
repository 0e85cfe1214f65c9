ALTER TABLE job_states ADD COLUMN last_success REAL;
ALTER TABLE job_states ADD COLUMN last_end REAL;
UPDATE job_states SET
    last_success = (SELECT unixepoch(MAX(finished_at), 'subsec') FROM job_runs
        WHERE job_runs.job_name = job_states.job_name AND status = 'success'),
    last_end = (SELECT unixepoch(MAX(finished_at), 'subsec') FROM job_runs WHERE job_runs.job_name = job_states.job_name);
