//! Each job, its last run, and whether the next one is late.

use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::record::RunRecord;
use super::registered::Registered;
use crate::time::rfc3339;

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Overview {
    /// The job.
    pub job_name: String,
    /// The run that began last, by whatever instance.
    pub last_run: Option<RunRecord>,
    /// When the next one is expected; none if at no time, or if the job is not registered here.
    pub expected_at: Option<SystemTime>,
    /// Whether that is longer ago than its grace.
    pub is_late: bool,
}

impl Overview {
    /// `since` is when this process began: a job that never ran is expected from then on.
    pub(super) fn of(
        job_name: String,
        registered: Option<&Registered>,
        last_run: Option<RunRecord>,
        since: SystemTime,
        now: SystemTime,
    ) -> Self {
        let from = last_run.as_ref().map_or(since, |run| run.started_at);
        let expected_at = registered.and_then(|job| job.plan.next_after(from));
        let late_from = registered
            .zip(expected_at)
            .and_then(|(job, at)| at.checked_add(job.plan.job.grace_period()));
        Self {
            job_name,
            last_run,
            expected_at,
            is_late: late_from.is_some_and(|late_from| now > late_from),
        }
    }
}

impl Serialize for Overview {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("job_name", &self.job_name)?;
        map.serialize_entry("last_run", &self.last_run)?;
        map.serialize_entry("expected_at", &self.expected_at.and_then(rfc3339))?;
        map.serialize_entry("is_late", &self.is_late)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Job;
    use crate::target::Target;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_job_is_late_after_its_grace() {
        const HOURLY: Job = Job::named("hourly")
            .every(Duration::from_hours(1))
            .grace(Duration::from_mins(5));
        let registered = Registered::new(HOURLY.plan().unwrap(), &Target::default());
        let at = |minutes| UNIX_EPOCH + Duration::from_mins(minutes);
        let late = |last: Option<u64>, now| {
            let last = last.map(|minutes| {
                let mut run = RunRecord::begin("hourly", "here", serde_json::Map::new());
                run.started_at = at(minutes);
                run
            });
            Overview::of(
                "hourly".to_owned(),
                Some(&registered),
                last,
                at(10),
                at(now),
            )
            .is_late
        };
        assert!(!late(None, 75) && late(None, 76), "expected at 70");
        assert!(!late(Some(30), 95) && late(Some(30), 96), "expected at 90");
        let unknown = Overview::of("other".to_owned(), None, None, at(0), at(99));
        assert!(!unknown.is_late && unknown.expected_at.is_none());
    }
}
