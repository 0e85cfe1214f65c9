//! What is to be written, on its way from jobs, which never wait, to the history, which may.

use std::collections::{HashMap, VecDeque};
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
    /// How many ever waited before the first.
    before: u64,
    /// Of each run whose start waits, how many ever waited before it: a full queue is not searched.
    starts: HashMap<Uuid, u64>,
    /// Those runs in their order, and some whose start has gone.
    order: VecDeque<Uuid>,
    /// How many of the first are being written: they stay as they are.
    in_flight: usize,
    /// How many were ever put in, and how many of those are dealt with.
    put: u64,
    settled: u64,
}

impl State {
    fn push(&mut self, run: RunRecord) {
        if run.status == RunStatus::Running {
            let place = self.before + self.waiting.len() as u64;
            self.starts.insert(run.id, place);
            self.order.push_back(run.id);
        }
        self.waiting.push_back(run);
        self.put += 1;
    }

    /// Where the start of this run waits, if it may still be changed.
    fn start_of(&self, run: Uuid) -> Option<usize> {
        let at = usize::try_from(self.starts.get(&run)? - self.before).ok()?;
        (at >= self.in_flight).then_some(at)
    }

    fn last_start(&mut self) -> Option<usize> {
        while let Some(last) = self.order.back() {
            if self.starts.contains_key(last) {
                return self.start_of(*last);
            }
            self.order.pop_back();
        }
        None
    }

    /// The first so many are dealt with: those that had ended.
    fn drain(&mut self, count: usize) -> Vec<Uuid> {
        let mut ended = Vec::new();
        for run in self.waiting.drain(..count) {
            if run.status == RunStatus::Running {
                self.starts.remove(&run.id);
            } else {
                ended.push(run.id);
            }
        }
        while let Some(first) = self.order.front()
            && !self.starts.contains_key(first)
        {
            self.order.pop_front();
        }
        self.before += count as u64;
        self.settled += count as u64;
        ended
    }
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
            state.push(run);
            drop(state);
            self.filled.notify_one();
            return None;
        }
        if run.status == RunStatus::Running {
            return Some(run);
        }
        let own = state.start_of(run.id);
        let Some(at) = own.or_else(|| state.last_start()) else {
            return Some(run);
        };
        let given_up = std::mem::replace(&mut state.waiting[at], run);
        state.starts.remove(&given_up.id);
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
        let ended = state.drain(count);
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

    /// Beside a list that is searched: what waits, what is given up, and in what order.
    #[test]
    fn places_are_those_that_a_search_would_find() {
        let queue = Queue::new(5);
        let mut list: Vec<RunRecord> = Vec::new();
        let mut open: Vec<RunRecord> = Vec::new();
        let mut in_flight = 0;
        let mut random = 7_u64;
        for _ in 0..20_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let choice = usize::try_from(random >> 40).unwrap();
            let run = match choice % 8 {
                0..3 => {
                    open.push(begun());
                    open[open.len() - 1].clone()
                }
                3..6 if !open.is_empty() => ended(&open.swap_remove(choice / 8 % open.len())),
                6 => {
                    in_flight = list.len().min(choice / 8 % 4);
                    assert_eq!(queue.batch(in_flight), list[..in_flight]);
                    continue;
                }
                _ if choice % 16 < 8 => {
                    queue.unsettle();
                    in_flight = 0;
                    continue;
                }
                _ => {
                    let gone = list
                        .drain(..in_flight)
                        .filter(|run| run.finished_at.is_some());
                    let gone: Vec<_> = gone.map(|run| run.id).collect();
                    assert_eq!(queue.settle(), gone);
                    in_flight = 0;
                    continue;
                }
            };
            let find = |is: &dyn Fn(&RunRecord) -> bool| {
                let found = list.iter().rposition(is);
                found.filter(|at| *at >= in_flight)
            };
            let own = find(&|waiting| waiting.id == run.id);
            let start = find(&|waiting| waiting.finished_at.is_none());
            let given_up = if list.len() < 5 {
                list.push(run.clone());
                None
            } else if run.finished_at.is_none() {
                Some(run.clone())
            } else if let Some(at) = own.or(start) {
                let given_up = std::mem::replace(&mut list[at], run.clone());
                own.is_none().then_some(given_up)
            } else {
                Some(run.clone())
            };
            assert_eq!(queue.put(run), given_up);
            let state = queue.state();
            assert_eq!(state.waiting, list);
            assert!(state.order.len() <= 5 && state.starts.len() <= 5);
        }
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
