use std::time::SystemTime;

/// A job that an instance has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Registration {
    /// The job's name.
    pub job_name: String,
    /// The job's schedule as text. `None` keeps the schedule that the store knows.
    pub schedule: Option<String>,
    /// The last start of the job by the instance's clock, if no run that was written tells it.
    pub last_start: Option<SystemTime>,
}

impl Registration {
    /// Returns a registration of this job with this schedule.
    pub fn new(job_name: impl Into<String>, schedule: Option<String>) -> Self {
        Self {
            job_name: job_name.into(),
            schedule,
            last_start: None,
        }
    }

    /// Sets the last start of the job by the instance's clock.
    pub fn last_start(mut self, at: SystemTime) -> Self {
        self.last_start = Some(at);
        self
    }
}
