//! What is to be written, on its way from jobs, which never wait, to the history, which may.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use super::record::{RunRecord, RunStatus};

/// Runs that are waiting, in the order of their events.
#[derive(Debug)]
pub(super) struct Queue {
    max: usize,
    state: Mutex<State>,
    /// There is something to write.
    filled: Notify,
    /// Something was written, or given up.
    settled: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<RunRecord>,
    /// How many of the first are being written: they stay as they are.
    in_flight: usize,
    /// How many were ever put in, and how many of those are dealt with.
    put: u64,
    settled: u64,
}

impl Queue {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            state: Mutex::default(),
            filled: Notify::new(),
            settled: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The event that the history will not learn of, if it is full.
    ///
    /// An end says all that its start did, and a start without its end would be lost in time: so an end takes the place of
    /// its own start, or of the last start that waits, whose end can still come.
    pub(super) fn put(&self, run: RunRecord) -> Option<RunRecord> {
        let mut state = self.state();
        if state.waiting.len() < self.max {
            state.waiting.push_back(run);
            state.put += 1;
            drop(state);
            self.filled.notify_one();
            return None;
        }
        if run.status == RunStatus::Running {
            return Some(run);
        }
        let in_flight = state.in_flight;
        let last = |is: &dyn Fn(&RunRecord) -> bool| {
            let found = state.waiting.iter().rposition(is);
            found.filter(|at| *at >= in_flight)
        };
        let own = last(&|waiting| waiting.id == run.id);
        let start = || last(&|waiting| waiting.status == RunStatus::Running);
        let Some(at) = own.or_else(start) else {
            return Some(run);
        };
        let given_up = std::mem::replace(&mut state.waiting[at], run);
        own.is_none().then_some(given_up)
    }

    pub(super) fn len(&self) -> usize {
        self.state().waiting.len()
    }

    /// Waits until there is something.
    pub(super) async fn filled(&self) {
        while self.len() == 0 {
            self.filled.notified().await;
        }
    }

    /// The first so many, which stay where they are, and as they are, until they are [settled](Self::settle).
    pub(super) fn batch(&self, most: usize) -> Vec<RunRecord> {
        let mut state = self.state();
        state.in_flight = most.min(state.waiting.len());
        state.waiting.iter().take(most).cloned().collect()
    }

    /// The batch could not be written: it may change until it is tried again.
    pub(super) fn unsettle(&self) {
        self.state().in_flight = 0;
    }

    /// The batch is dealt with: those of it that had ended.
    pub(super) fn settle(&self) -> Vec<Uuid> {
        let mut state = self.state();
        let count = std::mem::take(&mut state.in_flight);
        let settled = state.waiting.drain(..count);
        let ended = settled.filter(|run| run.status != RunStatus::Running);
        let ended = ended.map(|run| run.id).collect();
        state.settled += count as u64;
        drop(state);
        self.settled.notify_waiters();
        ended
    }

    /// Waits until all that was put in before now is dealt with.
    pub(super) async fn flushed(&self) {
        let until = self.state().put;
        loop {
            let settled = self.settled.notified();
            if self.state().settled >= until {
                return;
            }
            settled.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;
    use std::time::Duration;

    fn begun() -> RunRecord {
        RunRecord::begin("nightly", "here", Map::new())
    }

    fn ended(run: &RunRecord) -> RunRecord {
        run.clone()
            .ended(RunStatus::Success, Duration::ZERO, None, Map::new())
    }

    #[test]
    fn what_is_full_gives_up_starts_before_ends() {
        let queue = Queue::new(3);
        let runs: Vec<_> = (0..5).map(|_| begun()).collect();
        for run in &runs[..3] {
            assert_eq!(queue.put(run.clone()), None);
        }
        assert_eq!(queue.put(runs[3].clone()), Some(runs[3].clone()), "full");
        assert_eq!(queue.put(ended(&runs[0])), None, "in its start's place");
        let given_up = queue.put(ended(&runs[3]));
        assert_eq!(given_up, Some(runs[2].clone()), "in that of the last start");
        assert_eq!(
            queue.batch(10),
            [ended(&runs[0]), runs[1].clone(), ended(&runs[3])]
        );
        // What is being written is not changed any more: its end would be lost.
        assert_eq!(queue.put(ended(&runs[1])), Some(ended(&runs[1])));
        queue.unsettle();
        assert_eq!(queue.put(ended(&runs[1])), None);
        assert_eq!(
            queue.put(ended(&runs[4])),
            Some(ended(&runs[4])),
            "ends only"
        );
        queue.batch(2);
        assert_eq!(queue.settle(), [runs[0].id, runs[1].id]);
        assert_eq!(queue.len(), 1);
    }

    #[tokio::test]
    async fn flushed_waits_for_what_was_there_and_not_for_what_comes() {
        let queue = Queue::new(10);
        queue.flushed().await;
        assert_eq!(queue.put(begun()), None);
        let mut flushed = std::pin::pin!(queue.flushed());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(flushed.as_mut().poll(&mut cx).is_pending());
        queue.batch(1);
        assert_eq!(queue.put(begun()), None);
        assert!(queue.settle().is_empty());
        flushed.await;
        assert_eq!(queue.len(), 1);
    }
}
