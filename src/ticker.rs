//! `spawn_ticker`: periodic work on a thread of its own, with or without a tokio runtime.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::panics;
use crate::thread;

/// Calls `work` at every multiple of `interval` after the start, until the returned sender is dropped. Ticks that pass while
/// `work` runs are skipped. A panic in `work` is logged, and the next tick runs it again.
pub(crate) fn spawn_ticker(
    interval: Duration,
    name: &'static str,
    mut work: impl FnMut() + Send + 'static,
) -> Result<mpsc::Sender<()>, Error> {
    let (alive, ended) = mpsc::channel();
    // The channel waits by this clock. `measure::Instant` may run slower by some millionths: the wait would then end just
    // before its tick, and the work would run twice.
    #[expect(clippy::disallowed_methods, reason = "see above; it is read rarely")]
    let started = Instant::now();
    thread::spawn(name, move || {
        while ended.recv_timeout(until_next(started.elapsed(), interval))
            == Err(RecvTimeoutError::Timeout)
        {
            if panics::caught_here(&mut work).is_err() {
                tracing::error!(
                    thread = name,
                    "periodic work panicked; it runs again at the next interval"
                );
            }
        }
    })?;
    Ok(alive)
}

/// The time until the next multiple of the interval. The duration of the work does not shift the ticks.
fn until_next(elapsed: Duration, interval: Duration) -> Duration {
    let into = elapsed.as_nanos() % interval.as_nanos().max(1);
    interval.saturating_sub(Duration::from_nanos(
        u64::try_from(into).unwrap_or(u64::MAX),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_multiples_of_the_interval_after_the_start() {
        let ms = Duration::from_millis;
        for (elapsed, interval, next) in [(0, 5, 5), (3, 5, 2), (5, 5, 5), (17, 5, 3)] {
            assert_eq!(until_next(ms(elapsed), ms(interval)), ms(next));
        }
    }

    #[test]
    fn a_panic_does_not_end_the_ticker_and_dropping_the_sender_does() {
        let (sender, receiver) = mpsc::channel();
        let mut rounds = 0;
        let alive = spawn_ticker(Duration::from_millis(1), "vitals-test", move || {
            rounds += 1;
            sender.send(rounds).unwrap();
            assert_ne!(rounds, 1, "the first one panics");
        });
        let soon = Duration::from_secs(10);
        assert_eq!(receiver.recv_timeout(soon), Ok(1));
        assert_eq!(receiver.recv_timeout(soon), Ok(2));
        drop(alive.unwrap());
        // The thread ends and drops the closure, and with it the other end of the channel.
        while receiver.recv_timeout(soon) != Err(RecvTimeoutError::Disconnected) {}
    }
}
