//! What is to be written, on its way from jobs, which never wait, to the history, which may.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

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

    /// False if it is full: then this event is lost to the history.
    ///
    /// An end says all that its start did, so a start that still waits makes room for it.
    pub(super) fn put(&self, run: RunRecord) -> bool {
        let mut state = self.state();
        if state.waiting.len() >= self.max {
            let is_end = run.status != RunStatus::Running;
            // Looked for only when it is full: then most of what waits are starts of what has ended since.
            let start = state
                .waiting
                .iter()
                .rposition(|waiting| waiting.id == run.id);
            return match start.filter(|at| is_end && *at >= state.in_flight) {
                Some(at) => {
                    state.waiting[at] = run;
                    true
                }
                None => false,
            };
        }
        state.waiting.push_back(run);
        state.put += 1;
        drop(state);
        self.filled.notify_one();
        true
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

    /// The batch is dealt with.
    pub(super) fn settle(&self) {
        let mut state = self.state();
        let count = std::mem::take(&mut state.in_flight);
        state.waiting.drain(..count);
        state.settled += count as u64;
        drop(state);
        self.settled.notify_waiters();
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
    fn what_is_full_takes_the_ends_of_what_waits_and_nothing_else() {
        let queue = Queue::new(2);
        let (first, second, third) = (begun(), begun(), begun());
        assert!(queue.put(first.clone()) && queue.put(second.clone()));
        assert!(!queue.put(third.clone()), "full");
        assert!(queue.put(ended(&first)), "in its start's place");
        assert!(!queue.put(ended(&third)));
        assert_eq!(queue.batch(1), [ended(&first)]);
        assert!(queue.put(ended(&second)), "its start waits still");
        queue.settle();
        assert!(queue.put(third));
        assert_eq!(queue.batch(1), [ended(&second)]);
        // What is being written is not changed any more: its end would be lost.
        assert!(!queue.put(ended(&second)));
        assert_eq!(queue.len(), 2);
    }

    #[tokio::test]
    async fn flushed_waits_for_what_was_there_and_not_for_what_comes() {
        let queue = Queue::new(10);
        queue.flushed().await;
        queue.put(begun());
        let mut flushed = std::pin::pin!(queue.flushed());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(flushed.as_mut().poll(&mut cx).is_pending());
        queue.batch(1);
        queue.put(begun());
        queue.settle();
        flushed.await;
        assert_eq!(queue.len(), 1);
    }
}
