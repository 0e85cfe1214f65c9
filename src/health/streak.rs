//! `Streak`: how many results in a row reach a status, for `Check::failing_after` and `Check::passing_after`.

use super::{CheckOptions, Outcome, Status};

/// The numbers of the last results in a row.
#[derive(Default)]
pub(super) struct Streak {
    /// `None` before the first result.
    reported: Option<Status>,
    unhealthy: u32,
    /// Degraded or unhealthy.
    degraded: u32,
    /// Degraded or healthy.
    passing: u32,
    healthy: u32,
}

impl Streak {
    /// Returns the outcome with the status to report. `is_again` says that the same run was counted before.
    pub(super) fn apply(
        &mut self,
        mut outcome: Outcome,
        is_again: bool,
        options: &CheckOptions,
    ) -> Outcome {
        let found = outcome.status;
        let count = |row: &mut u32, is_in_row: bool| {
            *row = match (is_in_row, is_again) {
                (false, _) => 0,
                (true, false) => row.saturating_add(1),
                (true, true) => (*row).max(1),
            };
        };
        count(&mut self.unhealthy, found >= Status::Unhealthy);
        count(&mut self.degraded, found >= Status::Degraded);
        count(&mut self.passing, found <= Status::Degraded);
        count(&mut self.healthy, found <= Status::Healthy);
        let failing_after = options.failing_after.unwrap_or(1);
        let passing_after = options.passing_after.unwrap_or(1);
        let best = if self.unhealthy >= failing_after {
            Status::Unhealthy
        } else if self.degraded >= failing_after {
            Status::Degraded
        } else {
            Status::Healthy
        };
        let worst = if self.healthy >= passing_after {
            Status::Healthy
        } else if self.passing >= passing_after {
            Status::Degraded
        } else {
            Status::Unhealthy
        };
        // `found` is between them, because it is in each row that is long enough.
        let reported = self.reported.unwrap_or(found).max(best).min(worst);
        self.reported = Some(reported);
        let (row, needed) = match (found > reported, reported) {
            (true, Status::Healthy) => (self.degraded, failing_after),
            (true, _) => (self.unhealthy, failing_after),
            (false, Status::Unhealthy) => (self.passing, passing_after),
            (false, _) => (self.healthy, passing_after),
        };
        if found != reported {
            let message = outcome.message.map(|message| format!(": {message}"));
            let message = message.unwrap_or_default();
            outcome.message = Some(format!("{found}, {row} of {needed} in a row{message}"));
            outcome.status = reported;
        }
        outcome
    }
}
