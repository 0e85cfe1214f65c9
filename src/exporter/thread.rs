//! Work that is done again and again, on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};

/// Works every `interval`, for the first time after one, until the returned sender is dropped. Work that takes longer skips
/// what it missed; work that panics is logged, and done again.
pub(super) fn every(
    interval: Duration,
    name: &'static str,
    mut work: impl FnMut() + Send + 'static,
) -> Result<mpsc::Sender<()>, Error> {
    let (alive, ended) = mpsc::channel();
    // The clock that the channel waits by: by another, which may be slower by some millionths, the wait would end before
    // its time, and the work be done twice.
    #[expect(clippy::disallowed_methods, reason = "see above; it is read seldom")]
    let began = Instant::now();
    let run = move || {
        while ended.recv_timeout(until_next(began.elapsed(), interval))
            == Err(RecvTimeoutError::Timeout)
        {
            if catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
                tracing::error!(
                    thread = name,
                    "it panicked, and goes on at the next interval"
                );
            }
        }
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| {
        Error::new(
            ErrorKind::Io,
            format!("the thread {name} cannot be started: the system allows no further thread"),
        )
        .with_source(error)
    })?;
    Ok(alive)
}

/// The time to the next multiple of the interval: how long the work takes does not shift it.
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
    fn the_next_is_a_whole_number_of_intervals_after_the_begin() {
        let ms = Duration::from_millis;
        for (elapsed, interval, next) in [(0, 5, 5), (3, 5, 2), (5, 5, 5), (17, 5, 3)] {
            assert_eq!(until_next(ms(elapsed), ms(interval)), ms(next));
        }
    }

    #[test]
    fn a_panic_does_not_end_it_and_the_sender_does() {
        let (tell, told) = mpsc::channel();
        let mut rounds = 0;
        let alive = every(Duration::from_millis(1), "vitals-test", move || {
            rounds += 1;
            tell.send(rounds).unwrap();
            assert_ne!(rounds, 1, "the first one panics");
        });
        let soon = Duration::from_secs(10);
        assert_eq!(told.recv_timeout(soon), Ok(1));
        assert_eq!(told.recv_timeout(soon), Ok(2));
        drop(alive.unwrap());
        // What it holds is dropped, and with it the other end.
        while told.recv_timeout(soon) != Err(RecvTimeoutError::Disconnected) {}
    }
}
