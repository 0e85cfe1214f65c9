use std::time::{Duration, SystemTime};

/// How long ended runs are kept. The last run of a job is always kept, because the next one is expected relative to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Retention {
    /// The maximum time since a run's start.
    pub age: Duration,
    /// The maximum number of runs of each job and status.
    pub count: usize,
}

impl Retention {
    /// Keeps runs for 30 days, and the last 10,000 of each job and status.
    pub const fn new() -> Self {
        Self {
            age: Duration::from_secs(30 * 24 * 60 * 60),
            count: 10_000,
        }
    }

    /// Sets the maximum time since a run's start. Defaults to 30 days.
    pub const fn age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// Sets the maximum number of runs of each job and status, at least one. Defaults to 10,000.
    pub const fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Returns the start of the oldest run that is kept, at the earliest 1970.
    #[must_use]
    pub fn oldest(&self) -> SystemTime {
        let oldest = SystemTime::now().checked_sub(self.age);
        oldest
            .unwrap_or(SystemTime::UNIX_EPOCH)
            .max(SystemTime::UNIX_EPOCH)
    }
}

default_is_new!(Retention);
