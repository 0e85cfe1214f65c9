//! `Outlook`: when a job is expected, if it starts no more.

use std::time::{Duration, SystemTime};

use super::history::JobState;
use super::plan::Plan;

/// Clocks that are nearer than this are taken to be the same; one that is further away than that is not believed.
const SAME: Duration = Duration::from_secs(1);
const TOO_FAR: Duration = Duration::from_hours(24);

/// What two clocks show at the same time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    /// This instance's.
    pub(super) own: SystemTime,
    /// The history's.
    pub(super) theirs: SystemTime,
}

impl Clocks {
    /// What the history's showed at some time between these two of this instance's: the nearer they can have been, the
    /// nearer they are taken to be, or a slow answer would be a clock that is wrong.
    pub(super) fn of(before: SystemTime, theirs: SystemTime, after: SystemTime) -> Self {
        let own = theirs.clamp(before, after.max(before));
        Self { own, theirs }
    }
}

/// When a job is expected, late and missed, by the history's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outlook {
    pub(super) expected_at: SystemTime,
    pub(super) late_from: Option<SystemTime>,
    pub(super) missed_from: Option<SystemTime>,
}

impl Outlook {
    /// None for a job that is expected at no time.
    pub(super) fn of(plan: &Plan, standing: &JobState, clocks: Clocks) -> Option<Self> {
        // The times of a cron expression are those that the instance's clock shows.
        let Clocks { own, theirs } = clocks;
        let is_believed = apart(own, theirs) < TOO_FAR;
        let own = if is_believed { own } else { theirs };
        let known = shift(standing.known_since, theirs, own)?;
        let first = Self::after(plan, plan.next_after(known), |time| {
            shift(time, own, theirs)
        });
        let Some(start) = standing.last_start else {
            return first;
        };
        // Of whichever ran it.
        let is_believed = |at: &SystemTime| apart(*at, start) < TOO_FAR;
        let at = standing.started_at.filter(is_believed).unwrap_or(start);
        let next = Self::after(plan, plan.expected_after(at), |time| shift(time, at, start));
        // A job that has another schedule now is expected from then on.
        let latest = [first, next].into_iter().flatten();
        latest.max_by_key(|outlook| outlook.expected_at)
    }

    fn after(
        plan: &Plan,
        expected: Option<SystemTime>,
        by_history: impl Fn(SystemTime) -> Option<SystemTime>,
    ) -> Option<Self> {
        let grace = plan.job.grace_period();
        let late = |time: SystemTime| by_history(time)?.checked_add(grace);
        Some(Self {
            expected_at: by_history(expected?)?,
            late_from: late(expected?),
            missed_from: plan.next_after(expected?).and_then(late),
        })
    }

    pub(super) fn is_late(&self, now: SystemTime) -> bool {
        self.late_from.is_some_and(|from| now > from)
    }
}

/// A time of a clock that showed `theirs` when another showed `ours`, by that other.
fn shift(time: SystemTime, theirs: SystemTime, ours: SystemTime) -> Option<SystemTime> {
    match apart(theirs, ours) {
        apart if apart < SAME => Some(time),
        ahead if theirs > ours => time.checked_sub(ahead),
        behind => time.checked_add(behind),
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    let apart = one.max(other).duration_since(one.min(other));
    apart.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Job;
    use std::time::UNIX_EPOCH;

    fn minute(minute: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_mins(minute)
    }

    fn by(own: u64, theirs: u64) -> Clocks {
        Clocks {
            own: minute(own),
            theirs: minute(theirs),
        }
    }

    const HOURLY: Job = Job::named("hourly")
        .every(Duration::from_hours(1))
        .grace(Duration::from_mins(5));
    const DAILY: Job = Job::named("daily")
        .cron("0 3 * * *", "UTC")
        .grace(Duration::from_mins(5));

    /// Minutes at which it is expected, late and missed.
    fn outlook(job: Job, known: u64, start: Option<(u64, u64)>) -> [u64; 3] {
        let mut standing = JobState::new(job.name(), minute(known));
        standing.last_start = start.map(|(start, _)| minute(start));
        standing.started_at = start.map(|(_, theirs)| minute(theirs));
        let outlook = Outlook::of(&job.plan().unwrap(), &standing, by(0, 0)).unwrap();
        let minutes = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs() / 60;
        [
            minutes(outlook.expected_at),
            minutes(outlook.late_from.unwrap()),
            minutes(outlook.missed_from.unwrap()),
        ]
    }

    #[test]
    fn a_job_is_late_after_its_grace_and_missed_an_interval_later() {
        assert_eq!(outlook(HOURLY, 10, None), [70, 75, 135]);
        assert_eq!(outlook(HOURLY, 10, Some((30, 30))), [90, 95, 155]);
        assert_eq!(outlook(DAILY, 10, None), [180, 185, 1625]);
        assert_eq!(outlook(DAILY, 10, Some((180, 180))), [1620, 1625, 3065]);
    }

    #[test]
    fn a_job_of_another_schedule_is_expected_from_then_on() {
        assert_eq!(outlook(HOURLY, 1000, Some((30, 30))), [1060, 1065, 1125]);
    }

    #[test]
    fn a_slow_answer_is_no_clock_that_is_wrong() {
        for (before, theirs, after, own) in [
            (10, 12, 15, 12),
            (10, 10, 10, 10),
            (10, 5, 15, 10),
            (10, 20, 15, 15),
            // This instance's was set back meanwhile.
            (10, 20, 5, 10),
        ] {
            let clocks = Clocks::of(minute(before), minute(theirs), minute(after));
            assert_eq!((clocks.own, clocks.theirs), (minute(own), minute(theirs)));
        }
    }

    /// One that has not run yet is expected by the clock of who looks.
    #[test]
    fn clocks_that_differ_change_nothing_before_the_first_start_either() {
        for (own, expected) in [(500, 180), (510, 170), (490, 190), (500_000, 180)] {
            let plan = DAILY.plan().unwrap();
            let standing = JobState::new("daily", minute(10));
            let outlook = Outlook::of(&plan, &standing, by(own, 500)).unwrap();
            assert_eq!(outlook.expected_at, minute(expected));
            let plan = HOURLY.plan().unwrap();
            let outlook = Outlook::of(&plan, &standing, by(own, 500)).unwrap();
            assert_eq!(outlook.expected_at, minute(70));
        }
        // By its clock it was known after today's time, so it is expected tomorrow.
        let standing = JobState::new("daily", minute(175));
        let outlook = Outlook::of(&DAILY.plan().unwrap(), &standing, by(510, 500)).unwrap();
        assert_eq!(outlook.expected_at, minute(1610));
    }

    /// Ten minutes ahead, and ten behind.
    #[test]
    fn clocks_that_differ_change_nothing() {
        assert_eq!(outlook(HOURLY, 10, Some((30, 40))), [90, 95, 155]);
        assert_eq!(outlook(HOURLY, 10, Some((30, 20))), [90, 95, 155]);
        assert_eq!(outlook(DAILY, 10, Some((170, 180))), [1610, 1615, 3055]);
        assert_eq!(outlook(DAILY, 10, Some((190, 180))), [1630, 1635, 3075]);
        // A year ahead is no clock.
        assert_eq!(outlook(DAILY, 10, Some((180, 525_600))), [1620, 1625, 3065]);
    }

    #[test]
    fn a_job_without_a_schedule_is_never_late() {
        let plan = Job::named("asked").plan().unwrap();
        let standing = JobState::new("asked", minute(0));
        assert_eq!(Outlook::of(&plan, &standing, by(0, 0)), None);
    }
}
