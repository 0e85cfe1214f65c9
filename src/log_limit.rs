//! `LogLimit`: at most one log line a minute.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

const PERIOD: Duration = Duration::from_secs(60);

/// Limits one log line. No code of the service runs under its lock.
#[derive(Debug, Default)]
pub(crate) struct LogLimit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    logged: Option<Instant>,
    left_out: u64,
}

impl LogLimit {
    /// Returns the number of lines left out before this one, or `None` if this one is to be left out, too.
    pub(crate) fn next(&self) -> Option<u64> {
        let now = Instant::now();
        let mut state = self.0.lock();
        let is_early = |logged: Instant| now.saturating_duration_since(logged) < PERIOD;
        if state.logged.is_some_and(is_early) {
            state.left_out += 1;
            return None;
        }
        state.logged = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn one_line_a_minute_passes_and_the_others_are_counted() {
        let limit = LogLimit::default();
        assert_eq!([(); 3].map(|()| limit.next()), [Some(0), None, None]);
        advance(PERIOD.saturating_sub(Duration::from_millis(1))).await;
        assert_eq!(limit.next(), None);
        advance(Duration::from_millis(1)).await;
        assert_eq!([(); 2].map(|()| limit.next()), [Some(3), None]);
        advance(PERIOD).await;
        assert_eq!(limit.next(), Some(1));
    }
}
