use std::time::{Duration, SystemTime};

use super::history::JobState;
use super::schedule::Schedule;

/// Clocks closer together than this count as equal.
pub(super) const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);

/// A clock further away than this is ignored.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// The history's time, and the local times before and after it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    pub(super) before: SystemTime,
    pub(super) history: SystemTime,
    pub(super) after: SystemTime,
}

impl Clocks {
    /// Returns the local time between `before` and `after` that is closest to the history's. A slow answer is therefore not
    /// mistaken for a wrong clock.
    fn local(&self) -> SystemTime {
        self.history.clamp(self.before, self.after.max(self.before))
    }
}

/// When a job's next start is expected, late and missed, by the history's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Due {
    pub(super) expected_at: SystemTime,
    pub(super) late_from: Option<SystemTime>,
    pub(super) missed_from: Option<SystemTime>,
}

impl Due {
    /// Returns `None` for a job that is never expected.
    pub(super) fn of(
        schedule: &Schedule,
        job_state: &JobState,
        is_under_way: bool,
        clocks: Clocks,
    ) -> Option<Self> {
        let (local, history) = (clocks.local(), clocks.history);
        // Cron expressions follow the clock of the instance.
        let is_plausible = difference(local, history) < MAX_CLOCK_SKEW;
        let local = if is_plausible { local } else { history };
        let registered = translate(job_state.known_since, history, local)?;
        let first = Self::after(schedule, schedule.next_after(registered), |time| {
            translate(time, local, history)
        });
        let Some(start) = job_state.last_start else {
            return first;
        };
        // By the clock of the instance that ran it.
        let is_plausible = |at: &SystemTime| difference(*at, start) < MAX_CLOCK_SKEW;
        let at = job_state.started_at.filter(is_plausible);
        let at = at.unwrap_or(start);
        let mut from = at.checked_add(schedule.early_start_tolerance);
        if schedule.is_from_last_end {
            // A run under way ends now at the earliest.
            let end = job_state.last_end.max(is_under_way.then_some(history));
            from = from.max(end.and_then(|end| translate(end, start, at)));
        }
        let next = from.and_then(|from| schedule.next_after(from));
        let next = Self::after(schedule, next, |time| translate(time, at, start));
        // `first` is later than `next` if the schedule changed after the last start.
        let candidates = [first, next].into_iter().flatten();
        candidates.max_by_key(|due| due.expected_at)
    }

    fn after(
        schedule: &Schedule,
        expected: Option<SystemTime>,
        by_history: impl Fn(SystemTime) -> Option<SystemTime>,
    ) -> Option<Self> {
        let late = |time: SystemTime| by_history(time)?.checked_add(schedule.grace);
        Some(Self {
            expected_at: by_history(expected?)?,
            late_from: late(expected?),
            missed_from: schedule.next_after(expected?).and_then(late),
        })
    }

    pub(super) fn is_late(&self, now: SystemTime) -> bool {
        self.late_from.is_some_and(|from| now > from)
    }
}

/// Translates a time from one clock to another. `from` and `to` are readings of both at the same moment.
fn translate(time: SystemTime, from: SystemTime, to: SystemTime) -> Option<SystemTime> {
    match difference(from, to) {
        difference if difference < CLOCK_TOLERANCE => Some(time),
        ahead if from > to => time.checked_sub(ahead),
        behind => time.checked_add(behind),
    }
}

fn difference(one: SystemTime, other: SystemTime) -> Duration {
    let difference = one.max(other).duration_since(one.min(other));
    difference.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Job;
    use std::time::UNIX_EPOCH;

    fn minute(minute: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_mins(minute)
    }

    fn clocks(before: u64, history: u64, after: u64) -> Clocks {
        Clocks {
            before: minute(before),
            history: minute(history),
            after: minute(after),
        }
    }

    fn schedule(job: &Job) -> Schedule {
        Schedule::of(job).unwrap()
    }

    const HOURLY: Job = Job::named("hourly")
        .every(Duration::from_hours(1))
        .grace(Duration::from_mins(5));
    const DAILY: Job = Job::named("daily")
        .cron("0 3 * * *", "UTC")
        .grace(Duration::from_mins(5));

    /// The minutes at which a job is expected, late and missed. `start` is by the history's clock and by the instance's.
    fn due(job: &Job, known_since: u64, start: Option<(u64, u64)>) -> [u64; 3] {
        let mut job_state = JobState::new(job.name(), minute(known_since));
        job_state.last_start = start.map(|(by_history, _)| minute(by_history));
        job_state.started_at = start.map(|(_, by_instance)| minute(by_instance));
        let due = Due::of(&schedule(job), &job_state, false, clocks(0, 0, 0)).unwrap();
        let minutes = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs() / 60;
        [
            minutes(due.expected_at),
            minutes(due.late_from.unwrap()),
            minutes(due.missed_from.unwrap()),
        ]
    }

    #[test]
    fn a_job_is_late_after_its_grace_and_missed_an_interval_later() {
        assert_eq!(due(&HOURLY, 10, None), [70, 75, 135]);
        assert_eq!(due(&HOURLY, 10, Some((30, 30))), [90, 95, 155]);
        assert_eq!(due(&DAILY, 10, None), [180, 185, 1625]);
        assert_eq!(due(&DAILY, 10, Some((180, 180))), [1620, 1625, 3065]);
    }

    #[test]
    fn a_changed_schedule_counts_from_the_change() {
        assert_eq!(due(&HOURLY, 1000, Some((30, 30))), [1060, 1065, 1125]);
    }

    #[test]
    fn a_slow_answer_is_not_a_wrong_clock() {
        for (before, history, after, local) in [
            (10, 12, 15, 12),
            (10, 10, 10, 10),
            (10, 5, 15, 10),
            (10, 20, 15, 15),
            // The local clock was set back in between.
            (10, 20, 5, 10),
        ] {
            assert_eq!(clocks(before, history, after).local(), minute(local));
        }
    }

    /// A job that has not run is expected by the clock of the instance that evaluates it.
    #[test]
    fn clock_differences_do_not_matter_before_the_first_start() {
        for (local, expected) in [(500, 180), (510, 170), (490, 190), (500_000, 180)] {
            let job_state = JobState::new("daily", minute(10));
            let expected_at = |job| {
                let due = Due::of(
                    &schedule(&job),
                    &job_state,
                    false,
                    clocks(local, 500, local),
                );
                due.unwrap().expected_at
            };
            assert_eq!(expected_at(DAILY), minute(expected));
            assert_eq!(expected_at(HOURLY), minute(70));
        }
        // By the local clock it was registered after today's time, so it is expected tomorrow.
        let job_state = JobState::new("daily", minute(175));
        let due = Due::of(&schedule(&DAILY), &job_state, false, clocks(510, 500, 510)).unwrap();
        assert_eq!(due.expected_at, minute(1610));
    }

    /// The instance is ten minutes ahead, and ten behind.
    #[test]
    fn clock_differences_do_not_matter_after_a_start() {
        assert_eq!(due(&HOURLY, 10, Some((30, 40))), [90, 95, 155]);
        assert_eq!(due(&HOURLY, 10, Some((30, 20))), [90, 95, 155]);
        assert_eq!(due(&DAILY, 10, Some((170, 180))), [1610, 1615, 3055]);
        assert_eq!(due(&DAILY, 10, Some((190, 180))), [1630, 1635, 3075]);
        // A clock that is a year ahead is ignored.
        assert_eq!(due(&DAILY, 10, Some((180, 525_600))), [1620, 1625, 3065]);
    }

    #[test]
    fn a_schedule_from_the_last_end_counts_from_it_and_during_a_run_from_now() {
        for (job, start, end, now, expected) in [
            (HOURLY, (30, 30), None, 200, 90),
            (HOURLY.from_last_end(), (30, 30), None, 200, 90),
            (HOURLY.from_last_end(), (30, 30), Some(100), 200, 160),
            // The last run to end began before the last one to start.
            (HOURLY.from_last_end(), (30, 30), Some(20), 200, 90),
            // The instance that ran it is ten minutes ahead, so its daily time is 1610 by the history's clock.
            (DAILY.from_last_end(), (1500, 1510), Some(1609), 1609, 1610),
            (DAILY.from_last_end(), (1500, 1510), Some(1611), 1611, 3050),
        ] {
            let mut job_state = JobState::new(job.name(), minute(10));
            job_state.last_start = Some(minute(start.0));
            job_state.started_at = Some(minute(start.1));
            job_state.last_end = end.map(minute);
            let due = |is_under_way| {
                let schedule = schedule(&job);
                let due = Due::of(&schedule, &job_state, is_under_way, clocks(now, now, now));
                due.unwrap().expected_at
            };
            assert_eq!(due(false), minute(expected));
            let is_held = job.is_from_last_end;
            assert_eq!(due(true) > minute(now), is_held || expected > now);
        }
    }

    #[test]
    fn a_job_without_a_schedule_is_never_late() {
        let on_demand = schedule(&Job::named("on_demand"));
        let job_state = JobState::new("on_demand", minute(0));
        assert_eq!(
            Due::of(&on_demand, &job_state, false, clocks(0, 0, 0)),
            None
        );
    }
}
