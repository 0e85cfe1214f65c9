//! `ClockSteps`: steps of the wall clock, which make no interval job late.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use super::due::CLOCK_TOLERANCE;
use super::history::JobState;
use super::lease_watch::Reading;
use super::schedule::Schedule;

/// The most steps that are remembered.
const MAX_STEPS: usize = 16;

/// Steps ahead of this machine's clock that the history's clock, which is the same or follows it, made too.
///
/// Monotonic time tells a step from the passage of time. Times from before a step are moved by it, so that an interval counts
/// from them as if the clock had been right. Steps back make no job late. A step of the history's clock alone is believed,
/// because that clock decides between instances.
#[derive(Debug, Clone, Default)]
pub(super) struct ClockSteps {
    last: Option<Reading>,
    steps: VecDeque<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    /// The latest time of the history's clock without the step.
    until: SystemTime,
    ahead: Duration,
}

impl ClockSteps {
    pub(super) fn note(&mut self, now: Reading) {
        let Some(last) = self.last.replace(now) else {
            return;
        };
        let elapsed = now.monotonic.duration_since(last.monotonic);
        let ahead = |now: SystemTime, last: SystemTime| {
            let passed = now.duration_since(last).unwrap_or_default();
            passed.saturating_sub(elapsed)
        };
        let ahead = ahead(now.local, last.local).min(ahead(now.history, last.history));
        let until = last.history.checked_add(elapsed);
        if let Some(until) = until.filter(|_| ahead > CLOCK_TOLERANCE) {
            if self.steps.len() == MAX_STEPS {
                self.steps.pop_front();
            }
            self.steps.push_back(Step { until, ahead });
        }
    }

    /// Returns the state with times by the present clock. Cron expressions follow the wall clock as it is.
    pub(super) fn translate<'a>(
        &self,
        schedule: &Schedule,
        job_state: &'a JobState,
    ) -> Cow<'a, JobState> {
        if self.steps.is_empty() || schedule.is_cron() {
            return Cow::Borrowed(job_state);
        }
        let mut job_state = job_state.clone();
        let translate = |time| self.move_time(time);
        job_state.known_since = self.move_time(job_state.known_since);
        job_state.last_start = job_state.last_start.map(translate);
        job_state.started_at = job_state.started_at.map(translate);
        job_state.last_end = job_state.last_end.map(translate);
        Cow::Owned(job_state)
    }

    fn move_time(&self, time: SystemTime) -> SystemTime {
        self.steps.iter().fold(time, |time, step| {
            let moved = (time <= step.until).then(|| time.checked_add(step.ahead));
            moved.flatten().unwrap_or(time)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Job;
    use crate::jobs::due::{Clocks, Due};
    use std::time::UNIX_EPOCH;
    use tokio::time::Instant;

    const HOURLY: Job = Job::named("hourly").every(Duration::from_hours(1));
    const DAILY: Job = Job::named("daily").cron("0 3 * * *", "UTC");

    fn minute(minute: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_mins(minute)
    }

    /// Reads the clocks at these minutes, then asks when a job is expected that started last in minute 130.
    fn expected(job: &Job, readings: &[(u64, u64, u64)]) -> SystemTime {
        let origin = Instant::now();
        let mut steps = ClockSteps::default();
        for (monotonic, local, history) in readings {
            steps.note(Reading {
                monotonic: origin + Duration::from_mins(*monotonic),
                local: minute(*local),
                history: minute(*history),
            });
        }
        let mut job_state = JobState::new(job.name(), minute(100));
        job_state.last_start = Some(minute(130));
        job_state.started_at = Some(minute(130));
        let schedule = Schedule::of(job).unwrap();
        let (_, _, now) = readings[readings.len() - 1];
        let now = minute(now);
        let clocks = Clocks {
            before: now,
            history: now,
            after: now,
        };
        let job_state = steps.translate(&schedule, &job_state);
        let due = Due::of(&schedule, &job_state, false, clocks);
        due.unwrap().expected_at
    }

    #[test]
    fn an_interval_counts_by_monotonic_time_when_the_clock_is_set_ahead() {
        for (readings, hourly) in [
            (&[(0, 120, 120), (20, 140, 140)][..], 190),
            // Set ahead by ten hours, and once more by two.
            (&[(0, 120, 120), (20, 740, 740)], 790),
            (&[(0, 120, 120), (20, 740, 740), (30, 870, 870)], 910),
            // The job started after the step.
            (&[(0, 20, 20), (5, 125, 125), (15, 135, 135)], 190),
            // Set back: the job is expected later, and never earlier.
            (&[(0, 120, 120), (20, 80, 80)], 190),
            // Only one of the clocks was set, so the history's clock decides.
            (&[(0, 120, 120), (20, 140, 740)], 190),
            (&[(0, 120, 120), (20, 740, 140)], 190),
        ] {
            assert_eq!(expected(&HOURLY, readings), minute(hourly), "{readings:?}");
        }
        // A cron expression follows the wall clock.
        let readings = [(0, 120, 120), (20, 740, 740)];
        assert_eq!(expected(&DAILY, &readings), minute(180));
    }

    #[test]
    fn steps_are_bounded() {
        let origin = Instant::now();
        let mut steps = ClockSteps::default();
        for n in 0..1000 {
            steps.note(Reading {
                monotonic: origin,
                local: minute(n),
                history: minute(n),
            });
        }
        assert_eq!(steps.steps.len(), MAX_STEPS);
    }
}
