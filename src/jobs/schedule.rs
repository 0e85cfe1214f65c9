//! `Schedule`: the times at which a job is expected to start.

use std::time::{Duration, SystemTime};

use super::job::{Job, ScheduleSpec};
use crate::cron::CronTimes;

/// The parsed schedule of a job. The default is never expected.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    times: Times,
    /// How long after an expected time the job is late.
    pub(super) grace: Duration,
    /// Whether times count from the end of the last run, and none is expected during a run.
    pub(super) is_from_last_end: bool,
    /// A start this short before an expected time counts as the start of that time, because clocks differ.
    pub(super) early_start_tolerance: Duration,
}

#[derive(Debug, Default)]
enum Times {
    #[default]
    OnDemand,
    Every(Duration),
    Cron(CronTimes),
}

impl Schedule {
    /// Parses the schedule of a job, or returns every mistake in it.
    pub(super) fn of(job: &Job) -> Result<Self, Vec<String>> {
        let times = match job.schedule() {
            ScheduleSpec::OnDemand => Times::OnDemand,
            ScheduleSpec::Every(Duration::ZERO) => {
                return Err(vec![
                    "the interval is 0 s: a longer one is required".to_owned(),
                ]);
            }
            ScheduleSpec::Every(interval) => Times::Every(interval),
            ScheduleSpec::Cron {
                expression,
                time_zone,
            } => Times::Cron(CronTimes::new(expression, time_zone)?),
        };
        let is_cron = matches!(times, Times::Cron(..));
        Ok(Self {
            times,
            grace: job.grace,
            is_from_last_end: job.is_from_last_end,
            early_start_tolerance: Duration::from_secs(u64::from(is_cron)),
        })
    }

    pub(super) fn is_cron(&self) -> bool {
        matches!(self.times, Times::Cron(..))
    }

    /// Returns the first time of the schedule after `time`.
    pub(super) fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        match &self.times {
            Times::OnDemand => None,
            Times::Every(interval) => time.checked_add(*interval),
            Times::Cron(times) => times.next_after(time),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().unwrap().into()
    }

    fn shown(time: Option<SystemTime>) -> String {
        Timestamp::try_from(time.unwrap()).unwrap().to_string()
    }

    #[test]
    fn an_interval_counts_from_the_last_start() {
        let hourly = Job::named("a").every(Duration::from_hours(1));
        let schedule = Schedule::of(&hourly).unwrap();
        assert_eq!(
            shown(schedule.next_after(at("2026-03-29T00:10:00Z"))),
            "2026-03-29T01:10:00Z"
        );
        let on_demand = Schedule::of(&Job::named("a")).unwrap();
        assert_eq!(on_demand.next_after(at("2026-03-29T00:10:00Z")), None);
    }

    /// The first times after `after` in Berlin, where 02:00 to 03:00 is skipped on 2026-03-29 and repeated on 2026-10-25.
    fn times<const N: usize>(expression: &'static str, after: &str) -> [String; N] {
        let job = Job::named("a").cron(expression, "Europe/Berlin");
        let schedule = Schedule::of(&job).unwrap();
        let mut time = at(after);
        std::array::from_fn(|_| {
            time = schedule.next_after(time).unwrap();
            shown(Some(time))
        })
    }

    #[test]
    fn daylight_saving_neither_skips_nor_doubles_a_daily_job() {
        assert_eq!(
            times("30 2 * * *", "2026-03-28T01:00:00Z"),
            [
                "2026-03-28T01:30:00Z",
                // 03:00 of summer time, right after the change.
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ]
        );
        assert_eq!(
            times("30 2 * * *", "2026-10-24T01:00:00Z"),
            [
                "2026-10-25T00:30:00Z",
                "2026-10-26T01:30:00Z",
                "2026-10-27T01:30:00Z"
            ]
        );
    }

    /// Each time of a list behaves as it does alone. An interval continues through both hours.
    #[test]
    fn daylight_saving_neither_skips_nor_doubles_the_times_of_a_list() {
        let autumn = "2026-10-24T23:30:00Z";
        let twice = [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T13:00:00Z",
            "2026-10-25T13:30:00Z",
        ];
        assert_eq!(times("0,30 2,14 * * *", autumn), twice);
        assert_eq!(times("0 0,30 2,14 * * *", autumn), twice);
        assert_eq!(times("0 ,30,0, 2,,14 * * *", autumn), twice);
        assert_eq!(
            times("0 2,14 * * *", "2026-03-29T00:30:00Z"),
            [
                "2026-03-29T01:00:00Z",
                "2026-03-29T12:00:00Z",
                "2026-03-30T00:00:00Z",
                "2026-03-30T12:00:00Z"
            ]
        );
        assert_eq!(
            times("0,40 30 2 * * *", "2026-10-25T00:00:00Z"),
            [
                "2026-10-25T00:30:00Z",
                "2026-10-25T00:30:40Z",
                "2026-10-26T01:30:00Z"
            ]
        );
        assert_eq!(
            times("*/30 2 * * *", autumn),
            [
                "2026-10-25T00:00:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T01:30:00Z"
            ]
        );
    }

    #[test]
    fn a_start_just_before_its_time_counts_for_that_time() {
        let schedule = Schedule::of(&Job::named("a").cron("0 3 * * *", "UTC")).unwrap();
        let tolerance = schedule.early_start_tolerance;
        let expected = |start| shown(schedule.next_after(at(start) + tolerance));
        assert_eq!(expected("2026-01-01T02:59:59.100Z"), "2026-01-02T03:00:00Z");
        assert_eq!(expected("2026-01-01T02:59:58Z"), "2026-01-01T03:00:00Z");
    }
}
