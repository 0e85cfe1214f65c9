//! Between those who want fresh values and the thread that reads them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::measure::Instant;

/// Values younger than this are fresh.
const FRESH: Duration = Duration::from_secs(1);

/// How long somebody waits for fresh values: then the old ones must do.
const PATIENCE: Duration = Duration::from_millis(250);

#[derive(Debug)]
struct State {
    /// None before the first reading.
    read_at: Option<Instant>,
    is_asked: bool,
    is_over: bool,
    read_by: Option<ThreadId>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl State {
    fn is_fresh(&self) -> bool {
        self.read_at.is_some_and(|at| at.elapsed() < FRESH)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of those who ask. Dropped, it ends the thread.
#[derive(Debug)]
pub(super) struct Ask {
    shared: Arc<Shared>,
}

/// The side of the thread.
pub(super) struct Asked {
    shared: Arc<Shared>,
}

/// Of values that nobody has read yet.
pub(super) fn pair() -> (Ask, Asked) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            read_at: None,
            is_asked: false,
            is_over: false,
            read_by: None,
        }),
        changed: Condvar::new(),
    });
    let asked = Asked {
        shared: Arc::clone(&shared),
    };
    (Ask { shared }, asked)
}

/// Returns when all values are fresh, or when it has waited long enough. All are asked for before any is waited for.
pub(super) fn refresh(asks: &[Ask]) {
    let began = Instant::now();
    let asked: Vec<_> = asks.iter().filter(|ask| ask.ask()).collect();
    for ask in asked {
        ask.wait(PATIENCE.saturating_sub(began.elapsed()));
    }
}

impl Ask {
    /// Whether there is something to wait for. There is not on the thread that reads: it would wait for itself.
    fn ask(&self) -> bool {
        let mut state = self.shared.state();
        if state.is_fresh() || state.read_by == Some(thread::current().id()) {
            return false;
        }
        state.is_asked = true;
        self.shared.changed.notify_all();
        true
    }

    fn wait(&self, patience: Duration) {
        let is_old = |state: &mut State| !state.is_fresh();
        let changed = &self.shared.changed;
        // Either way there are values to read.
        drop(changed.wait_timeout_while(self.shared.state(), patience, is_old));
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.shared.changed.notify_all();
    }
}

impl Asked {
    /// Until somebody asks, or for an interval; false when it is over.
    pub(super) fn wait(&self, interval: Duration) -> bool {
        let idle = |state: &mut State| !state.is_asked && !state.is_over;
        let mut state = self.shared.state();
        state.read_by = Some(thread::current().id());
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, interval, idle);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.is_over
    }

    /// Everything was read: also for those who asked meanwhile.
    pub(super) fn answer(&self) {
        {
            let mut state = self.shared.state();
            state.read_at = Some(Instant::now());
            state.is_asked = false;
        }
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is a difference of two readings is noise when they are a moment apart.
    #[test]
    fn who_asks_while_it_is_read_is_answered_by_that_reading() {
        let (ask, asked) = pair();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| refresh(std::slice::from_ref(&ask)));
            assert!(asked.wait(Duration::from_hours(1)), "somebody asks");
            let second = scope.spawn(|| refresh(std::slice::from_ref(&ask)));
            while Arc::strong_count(&ask.shared) < 2 || !ask.shared.state().is_asked {
                std::thread::yield_now();
            }
            asked.answer();
            first.join().unwrap();
            second.join().unwrap();
        });
        assert!(!ask.shared.state().is_asked);
        drop(ask);
        assert!(!asked.wait(Duration::from_hours(1)), "it is over");
    }

    /// A function among those that are called to read may read the recorder, which asks for fresh values.
    #[test]
    fn who_reads_does_not_wait_for_itself() {
        let (ask, asked) = pair();
        ask.shared.state().is_asked = true;
        assert!(asked.wait(Duration::from_hours(1)));
        ask.shared.state().is_asked = false;
        refresh(std::slice::from_ref(&ask));
        assert!(!ask.shared.state().is_asked, "it did not ask");
    }
}
