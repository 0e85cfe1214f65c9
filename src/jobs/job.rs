//! `Job`: what is known of a job before any run of it.

use std::time::Duration;

use super::plan::{Plan, Times};
use crate::error::Error;

/// Characters of a name: what the history has room for.
pub(super) const MAX_NAME: usize = 100;

/// A background job: its name, when it is expected, and until when it is not late. A constant of the service.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::jobs::Job;
///
/// const SYNC: Job = Job::named("sync_orders")
///     .every(Duration::from_hours(24))
///     .grace(Duration::from_hours(1));
/// const REPORT: Job = Job::named("morning_report").cron("30 6 * * MON-FRI", "Europe/Berlin");
/// assert_eq!((SYNC.name(), REPORT.name()), ("sync_orders", "morning_report"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Job {
    name: &'static str,
    schedule: Schedule,
    grace: Duration,
    max_runtime: Option<Duration>,
    failing_after: Option<u32>,
}

/// When a job is expected to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schedule {
    /// Whenever somebody asks for it.
    Never,
    Every(Duration),
    Cron {
        expression: &'static str,
        time_zone: &'static str,
    },
}

impl Job {
    /// A job of this name, at most 100 characters, which is the value of `job_name` in its metrics. It is expected at no
    /// time until an interval or a cron expression says so.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            schedule: Schedule::Never,
            grace: Duration::from_mins(1),
            max_runtime: None,
            failing_after: None,
        }
    }

    /// Expected to start so long after its last start.
    pub const fn every(mut self, interval: Duration) -> Self {
        self.schedule = Schedule::Every(interval);
        self
    }

    /// Expected to start at the times of this cron expression, in this time zone of the IANA database (`Europe/Berlin`, `UTC`):
    /// minute, hour, day of month, month, day of week, and before them, if wanted, the second.
    ///
    /// A time that a daylight-saving change skips is expected right after the change, and one that it repeats once, as
    /// `cron(8)` of Debian does, where it names at most a hundred times of the day by numbers and lists of them (`0,30 2`). With
    /// ranges, steps or `*` they are an interval, which skips what is skipped and goes on through both hours.
    pub const fn cron(mut self, expression: &'static str, time_zone: &'static str) -> Self {
        self.schedule = Schedule::Cron {
            expression,
            time_zone,
        };
        self
    }

    /// How long after the expected start it is late. Defaults to a minute.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// A run that takes longer is [too long](super::ProblemKind::TooLong); it is let run. Defaults to no limit.
    pub const fn max_runtime(mut self, max: Duration) -> Self {
        self.max_runtime = Some(max);
        self
    }

    /// So many failures in a row are a [problem](super::ProblemKind::Failing). Defaults to what the
    /// [builder](super::Builder::failing_after) says.
    pub const fn failing_after(mut self, failures: u32) -> Self {
        self.failing_after = Some(failures);
        self
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn grace_period(&self) -> Duration {
        self.grace
    }

    pub(super) const fn longest(&self) -> Option<Duration> {
        self.max_runtime
    }

    pub(super) const fn failures(&self) -> Option<u32> {
        self.failing_after
    }

    /// When it is expected, in words.
    pub(super) fn schedule(&self) -> Option<String> {
        match self.schedule {
            Schedule::Never => None,
            Schedule::Every(interval) => Some(format!("every {interval:?}")),
            Schedule::Cron {
                expression,
                time_zone,
            } => Some(format!("cron {expression} {time_zone}")),
        }
    }

    /// Checked, and ready to tell when it is expected.
    pub(super) fn plan(self) -> Result<Plan, Error> {
        let wrong = |problem: String| Error::invalid(format!("job {:?}: {problem}", self.name));
        let length = self.name.chars().count();
        if !(1..=MAX_NAME).contains(&length) || self.name.chars().any(char::is_control) {
            return Err(wrong(format!(
                "its name has {length} characters: 1 to {MAX_NAME} are allowed, and no control characters"
            )));
        }
        if self.failing_after == Some(0) {
            return Err(wrong(
                "it is failing after 0 failures: at least 1 is needed, 3 is the default".to_owned(),
            ));
        }
        let times = match self.schedule {
            Schedule::Never => Times::Never,
            Schedule::Every(Duration::ZERO) => {
                return Err(wrong(
                    "it is expected every 0 s: anything longer is allowed".to_owned(),
                ));
            }
            Schedule::Every(interval) => Times::Every(interval),
            Schedule::Cron {
                expression,
                time_zone,
            } => Times::cron(expression, time_zone).map_err(wrong)?,
        };
        Ok(Plan { job: self, times })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_job_is_refused_and_says_why() {
        const LONG: &str = concat!(
            "a123456789",
            "a123456789",
            "a123456789",
            "a123456789",
            "a123456789",
            "a123456789",
            "a123456789",
            "a123456789",
            "a123456789",
            "a123456789",
            "a"
        );
        for (job, expected) in [
            (
                Job::named(""),
                "job \"\": its name has 0 characters: 1 to 100 are allowed",
            ),
            (Job::named(LONG), "its name has 101 characters"),
            (Job::named("a\nb"), "no control characters"),
            (
                Job::named("a").every(Duration::ZERO),
                "job \"a\": it is expected every 0 s",
            ),
            (
                Job::named("a").cron("61 * * * *", "UTC"),
                "cron expression \"61 * * * *\" is refused (",
            ),
            (
                Job::named("a").cron(", 2 * * *", "UTC"),
                "cron expression \", 2 * * *\" never comes",
            ),
            (
                Job::named("a").cron("0 0 2 * * * 2026", "UTC"),
                "cron expression \"0 0 2 * * * 2026\" is refused (",
            ),
            (
                Job::named("a").cron("0 2,24 * * *", "UTC"),
                "cron expression \"0 2,24 * * *\" is refused (",
            ),
            (
                Job::named("a").cron("", "UTC"),
                "cron expression \"\" is refused (",
            ),
            (
                Job::named("a").cron("daily at noon", "UTC"),
                "cron expression \"daily at noon\" is refused (",
            ),
            (
                Job::named("a").cron("0 0 30 2 *", "UTC"),
                "cron expression \"0 0 30 2 *\" never comes",
            ),
            (
                Job::named("a").failing_after(0),
                "job \"a\": it is failing after 0 failures: at least 1 is needed",
            ),
            (
                Job::named("a").cron("0 0 * * *", "Europe/Atlantis"),
                "time zone \"Europe/Atlantis\" is not in this system's database",
            ),
        ] {
            let error = job.plan().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}\n{expected}");
        }
    }
}
