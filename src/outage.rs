//! `Outage`: reports a failure when it starts and when it ends, at most once a minute.

use std::mem;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The time from the report of one start to that of the next.
const PERIOD: Duration = Duration::from_secs(60);

/// Whether something fails at the moment, and whether that was reported. No code of the service runs under its lock.
#[derive(Debug, Default)]
pub(crate) struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_failing: bool,
    /// The last report was that of a start.
    is_reported: bool,
    /// When the last start was reported.
    reported: Option<Instant>,
    /// The changes since the last report that were not reported.
    left_out: u64,
    /// Those before the last reported start.
    reported_left_out: u64,
}

/// A change between working and failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    Started,
    Ended,
}

impl Outage {
    /// Notes the result of the latest attempt. Returns the change to report, if there is one.
    ///
    /// A failure that goes on is reported once its minute is over, so the last report is true by then.
    pub(crate) fn update(&self, is_failing: bool) -> Option<Transition> {
        let now = Instant::now();
        let mut state = self.0.lock();
        let is_change = mem::replace(&mut state.is_failing, is_failing) != is_failing;
        let is_early = |reported: Instant| now.saturating_duration_since(reported) < PERIOD;
        match (state.is_reported, is_failing) {
            (true, false) => {
                state.is_reported = false;
                Some(Transition::Ended)
            }
            (false, true) if !state.reported.is_some_and(is_early) => {
                state.is_reported = true;
                state.reported = Some(now);
                state.reported_left_out = mem::take(&mut state.left_out);
                Some(Transition::Started)
            }
            _ => {
                state.left_out += u64::from(is_change);
                None
            }
        }
    }

    /// The changes that were not reported before the last reported start, because they came within a minute of the report
    /// before. `None` if there are none.
    pub(crate) fn left_out(&self) -> Option<u64> {
        Some(self.0.lock().reported_left_out).filter(|left_out| *left_out > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const STARTED: Option<Transition> = Some(Transition::Started);
    const ENDED: Option<Transition> = Some(Transition::Ended);

    #[tokio::test(start_paused = true)]
    async fn each_outage_is_reported_once_when_it_starts_and_once_when_it_ends() {
        let outage = Outage::default();
        let attempts = [false, true, true, false, false];
        let reported = attempts.map(|is_failing| outage.update(is_failing));
        assert_eq!(reported, [None, STARTED, None, ENDED, None]);
        advance(PERIOD).await;
        assert_eq!(outage.update(true), STARTED);
        // However long it lasts.
        advance(PERIOD * 100).await;
        assert_eq!(outage.update(true), None);
        assert_eq!(outage.update(false), ENDED);
        assert_eq!(outage.update(true), STARTED);
        assert_eq!(outage.left_out(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_changes_one_pair_a_minute_is_reported_with_a_count_of_the_others() {
        let outage = Outage::default();
        let mut reported = Vec::new();
        // 2.5 minutes of attempts, each of which ends the other way.
        for attempt in 0..1_500 {
            let transition = outage.update(attempt % 2 == 0);
            reported.extend(transition.map(|transition| (attempt, transition, outage.left_out())));
            advance(Duration::from_millis(100)).await;
        }
        let pair = |at, left_out| {
            [
                (at, Transition::Started, left_out),
                (at + 1, Transition::Ended, left_out),
            ]
        };
        let expected = [pair(0, None), pair(600, Some(598)), pair(1_200, Some(598))];
        assert_eq!(reported, expected.concat());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_was_left_out_is_reported_after_the_minute() {
        let outage = Outage::default();
        let reported = [true, false, true].map(|is_failing| outage.update(is_failing));
        assert_eq!(reported, [STARTED, ENDED, None]);
        advance(PERIOD.saturating_sub(Duration::from_millis(1))).await;
        assert_eq!(outage.update(true), None);
        advance(Duration::from_millis(1)).await;
        assert_eq!(outage.update(true), STARTED);
        assert_eq!(outage.left_out(), Some(1));
        assert_eq!(outage.update(false), ENDED);
        assert_eq!(outage.update(false), None);
    }
}
