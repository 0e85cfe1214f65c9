//! `Job`: a job's name, schedule and limits.

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
///     .every(Duration::from_hours(24))
///     .grace(Duration::from_hours(1));
/// const REPORT: Job = Job::named("morning_report").cron("30 6 * * MON-FRI", "Europe/Berlin");
/// assert_eq!((SYNC.name(), REPORT.name()), ("sync_orders", "morning_report"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Job {
    name: &'static str,
    pub(super) schedule: ScheduleSpec,
    pub(super) grace: Duration,
    pub(super) max_runtime: Option<Duration>,
    pub(super) failing_after: Option<u32>,
}

/// A schedule as it was written, not yet parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScheduleSpec {
    OnDemand,
    Every(Duration),
    Cron {
        expression: &'static str,
        time_zone: &'static str,
    },
}

impl ScheduleSpec {
    /// The text that histories compare to detect a changed schedule.
    pub(super) fn to_text(self) -> Option<String> {
        match self {
            Self::OnDemand => None,
            Self::Every(interval) => Some(format!("every {interval:?}")),
            Self::Cron {
                expression,
                time_zone,
            } => Some(format!("cron {expression} {time_zone}")),
        }
    }
}

impl Job {
    /// Creates a job without a schedule. The name has at most 100 characters and is the value of `job_name` in its metrics.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            schedule: ScheduleSpec::OnDemand,
            grace: Duration::from_mins(1),
            max_runtime: None,
            failing_after: None,
        }
    }

    /// Expects a start every `interval`, counted from the last start.
    pub const fn every(mut self, interval: Duration) -> Self {
        self.schedule = ScheduleSpec::Every(interval);
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
        self
    }

    /// Sets how long after the expected start the job is late. Defaults to a minute.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
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
    pub const fn name(&self) -> &'static str {
        self.name
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
