//! `CpuTime`: the CPU time of the process, as its collector samples it.

use std::collections::VecDeque;

use super::times::WINDOW;

/// A process whose CPU time has not changed for this many seconds rests, even if no interval of samples is known.
const LONG: f64 = 30.0;

/// The moments and the seconds of the last samples. A collector may sample seldom, and frames between two samples see no change,
/// so rates are between changes.
#[derive(Default)]
pub(super) struct CpuTime {
    /// When the seconds were seen first, and the seconds.
    last: Option<(f64, f64)>,
    /// The changes, oldest first.
    changes: VecDeque<(f64, f64)>,
}

impl CpuTime {
    /// Reads the seconds at this moment. Returns the cores that the process keeps busy; `None` until two changes are known.
    pub(super) fn busy_cores(&mut self, now: f64, seconds: f64) -> Option<f64> {
        match self.last {
            Some((_, before)) if seconds > before => {
                self.last = Some((now, seconds));
                self.changes.push_back((now, seconds));
            }
            Some((_, before)) if seconds >= before => {}
            // The first look does not tell when the sample was taken.
            _ => {
                self.last = Some((now, seconds));
                self.changes.clear();
            }
        }
        let (changed_at, latest) = self.last?;
        let is_old = |second: &(f64, f64)| changed_at - second.0 >= WINDOW;
        while self.changes.get(1).is_some_and(is_old) {
            self.changes.pop_front();
        }
        let rests_for = now - changed_at;
        let before = self.changes.len().checked_sub(2);
        let Some(before) = before.and_then(|before| self.changes.get(before)) else {
            return (rests_for > LONG).then_some(0.0);
        };
        let interval = changed_at - before.0;
        let (since, first) = *self.changes.front()?;
        // A sample is missing: there was one without a change.
        let rest = (rests_for - interval).max(0.0);
        if rests_for <= 2.0 * interval {
            Some((latest - first) / (changed_at - since))
        } else if rest < WINDOW {
            Some((latest - first) / (changed_at + rest - since))
        } else {
            Some(0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cores that frames show, second by second.
    fn shown(seconds: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
        let mut time = CpuTime::default();
        let moments = (0..).map(f64::from);
        let shown = moments.zip(seconds);
        shown
            .map(|(now, seconds)| time.busy_cores(now, seconds))
            .collect()
    }

    #[test]
    fn the_cores_are_those_between_samples() {
        let every_15 = (0..90).map(|second| 7.5 * f64::from((second + 8) / 15));
        let shown_15 = shown(every_15);
        assert!(shown_15[..22].iter().all(Option::is_none), "{shown_15:?}");
        assert!(shown_15[22..].iter().all(|cores| *cores == Some(0.5)));

        let each = shown((0..40).map(|second| 2.0 * f64::from(second.min(20))));
        assert_eq!(each[..3], [None, None, Some(2.0)]);
        assert!(each[2..21].iter().all(|cores| *cores == Some(2.0)));
        assert!(each[24] < Some(2.0), "{each:?}");
        assert_eq!(each[32], Some(0.0), "it rests");
    }

    #[test]
    fn a_process_that_rests_is_known_to() {
        let rests = shown((0..40).map(|_| 100.0));
        assert!(rests[..30].iter().all(Option::is_none));
        assert_eq!(rests[31], Some(0.0));
        let restarted = shown([5.0, 6.0, 7.0, 1.0, 2.0, 3.0]);
        assert_eq!(restarted[2..], [Some(1.0), None, None, Some(1.0)]);
    }
}
