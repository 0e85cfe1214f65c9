//! `Job`: a job's name, schedule and limits.

use std::borrow::Cow;
use std::time::Duration;

/// The longest name that a history stores, in characters.
const MAX_NAME: usize = 100;

/// A background job: its name, its schedule, and when it counts as late. Usually a constant.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::jobs::Job;
///
/// const SYNC: Job = Job::named("sync_orders")
///     .every(Duration::from_secs(24 * 60 * 60))
///     .grace(Duration::from_secs(60 * 60));
/// const REPORT: Job = Job::named("morning_report").cron("30 6 * * MON-FRI", "Europe/Berlin");
/// assert_eq!((SYNC.name(), REPORT.name()), ("sync_orders", "morning_report"));
/// ```
///
/// Names and cron expressions that are only known at run time, such as those of a configuration file, are set by
/// [`new`](Self::new) and [`cron_expression`](Self::cron_expression), which are not `const`. Clone such a job for each run:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_vitals::jobs::{Job, Jobs};
///
/// # let (shop, cron) = ("berlin", "0 3 * * *".to_owned());
/// let sync = Job::new(format!("sync_{shop}")).cron_expression(cron, "Europe/Berlin");
/// let jobs = Jobs::builder().job(sync.clone()).run()?;
/// jobs.monitor(sync.clone(), async { Ok::<_, std::io::Error>(()) }).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Job {
    name: Cow<'static, str>,
    schedule: ScheduleSpec<'static>,
    /// Replaces `schedule`. A setter that is `const` cannot drop an owned text, so it only unsets the flag.
    owned_cron: Option<(Cow<'static, str>, Cow<'static, str>)>,
    is_cron_owned: bool,
    pub(super) grace: Duration,
    pub(super) is_from_last_end: bool,
    pub(super) max_runtime: Option<Duration>,
    pub(super) failing_after: Option<u32>,
}

/// A schedule as it was written, not yet parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScheduleSpec<'a> {
    OnDemand,
    Every(Duration),
    Cron {
        expression: &'a str,
        time_zone: &'a str,
    },
}

impl Job {
    /// Creates a job without a schedule. The name has at most 100 characters and is the value of `job_name` in its metrics.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            schedule: ScheduleSpec::OnDemand,
            owned_cron: None,
            is_cron_owned: false,
            grace: Duration::from_secs(60),
            is_from_last_end: false,
            max_runtime: None,
            failing_after: None,
        }
    }

    /// Like [`named`](Self::named), for a name that is known at run time.
    ///
    /// Each name is a value of `job_name` in metrics, so names must come from a small set. Runs of more than 1,000 jobs that
    /// are not registered are recorded as runs of the job `other`.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            ..Self::named("")
        }
    }

    /// Expects a start every `interval`, counted from the last start.
    pub const fn every(mut self, interval: Duration) -> Self {
        self.schedule = ScheduleSpec::Every(interval);
        self.is_cron_owned = false;
        self
    }

    /// Expects a start at the times of a cron expression, in a time zone of the IANA database (`Europe/Berlin`, `UTC`).
    /// The fields are those of `crontab(5)`: minute, hour, day of month, month and day of week, with an optional leading
    /// second. Days of the week are 0-7 or `SUN`-`SAT`; 0 and 7 are Sunday. `@hourly`, `@daily`, `@midnight`, `@weekly`,
    /// `@monthly`, `@yearly` and `@annually` are allowed, too. The module's [documentation](super#cron-expressions) lists all.
    ///
    /// Daylight-saving changes are handled as in `cron(8)` of Debian if the expression names at most 100 times of day as
    /// numbers or lists of numbers (`0,30 2`): a skipped time is expected right after the change, and a repeated time once.
    /// Expressions with ranges, steps or `*` are intervals: skipped times are skipped, and repeated hours count twice.
    pub const fn cron(mut self, expression: &'static str, time_zone: &'static str) -> Self {
        self.schedule = ScheduleSpec::Cron {
            expression,
            time_zone,
        };
        self.is_cron_owned = false;
        self
    }

    /// Like [`cron`](Self::cron), for texts that are known at run time.
    pub fn cron_expression(
        mut self,
        expression: impl Into<Cow<'static, str>>,
        time_zone: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.owned_cron = Some((expression.into(), time_zone.into()));
        self.is_cron_owned = true;
        self
    }

    /// Sets how long after the expected start the job is late. Defaults to a minute.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Counts the next expected start from the end of the last run instead of its start. While a run is under way, none is
    /// expected. For loops that work, then sleep: `every(5 min)` then means a pause of 5 minutes between runs ("fixed delay" in
    /// other schedulers).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_vitals::jobs::Job;
    ///
    /// const POLL: Job = Job::named("poll_orders")
    ///     .every(Duration::from_secs(300))
    ///     .from_last_end()
    ///     .max_runtime(Duration::from_mins(30));
    /// ```
    ///
    /// With a cron expression, times that pass during a run are not expected. A run that hangs is never late, so set
    /// [`max_runtime`](Self::max_runtime) too.
    pub const fn from_last_end(mut self) -> Self {
        self.is_from_last_end = true;
        self
    }

    /// Reports a run that takes longer than this as [too long](super::ProblemKind::TooLong). The run is not stopped.
    /// Defaults to no limit.
    pub const fn max_runtime(mut self, max: Duration) -> Self {
        self.max_runtime = Some(max);
        self
    }

    /// Sets how many failures in a row are a [problem](super::ProblemKind::Failing). Defaults to the
    /// [builder's](super::JobsBuilder::failing_after) value.
    pub const fn failing_after(mut self, failures: u32) -> Self {
        self.failing_after = Some(failures);
        self
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &str {
        match &self.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => name.as_str(),
        }
    }

    pub(super) fn schedule(&self) -> ScheduleSpec<'_> {
        match &self.owned_cron {
            Some((expression, time_zone)) if self.is_cron_owned => ScheduleSpec::Cron {
                expression,
                time_zone,
            },
            _ => self.schedule,
        }
    }

    /// The text that histories compare to detect a changed schedule.
    pub(super) fn schedule_text(&self) -> Option<String> {
        let text = match self.schedule() {
            ScheduleSpec::OnDemand => return None,
            ScheduleSpec::Every(interval) => format!("every {interval:?}"),
            ScheduleSpec::Cron {
                expression,
                time_zone,
            } => format!("cron {expression} {time_zone}"),
        };
        let from = if self.is_from_last_end {
            " from the last end"
        } else {
            ""
        };
        Some(text + from)
    }

    /// Returns every mistake outside the schedule.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let length = self.name.chars().count();
        if !(1..=MAX_NAME).contains(&length) {
            mistakes.push(format!(
                "the name has {length} characters: 1 to {MAX_NAME} are allowed"
            ));
        }
        if self.name.contains(char::is_control) {
            mistakes.push("the name contains a control character: none is allowed".to_owned());
        }
        if self.failing_after == Some(0) {
            mistakes.push("failing_after is 0: at least 1 is required".to_owned());
        }
        if self.is_from_last_end && self.schedule() == ScheduleSpec::OnDemand {
            mistakes.push(
                "from_last_end has no effect without a schedule: every or cron is required"
                    .to_owned(),
            );
        }
        mistakes
    }
}

/// The name under which a history stores a job. Names of unregistered jobs are not validated, so they are made to fit.
pub(super) fn stored_name(job_name: &str) -> String {
    let name = job_name.chars().take(MAX_NAME);
    name.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether a history can contain a job of this name.
pub(super) fn is_stored_name(job_name: &str) -> bool {
    stored_name(job_name) == job_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_schedule_is_used() {
        let text = |job: Job| job.schedule_text().unwrap_or_default();
        let owned = || Job::new("a".to_owned()).cron_expression("0 3 * * *".to_owned(), "UTC");
        assert_eq!(text(owned()), "cron 0 3 * * * UTC");
        let hour = Duration::from_hours(1);
        assert_eq!(text(owned().every(hour)), "every 3600s");
        assert_eq!(text(owned().cron("0 4 * * *", "UTC")), "cron 0 4 * * * UTC");
        let again = owned().every(hour).cron_expression("0 5 * * *", "UTC");
        let again = again.from_last_end();
        assert_eq!(text(again), "cron 0 5 * * * UTC from the last end");
    }
}
