//! `Queue`: events on their way from runs, which never wait, to the history, which may be slow.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use super::run_record::RunRecord;
use super::run_status::RunStatus;

/// A bounded queue of events: starts and ends of runs.
#[derive(Debug)]
pub(super) struct Queue {
    max: usize,
    events: Mutex<Events>,
    filled: Notify,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Events {
    waiting: VecDeque<RunRecord>,
    /// The number of events that were ever in front of the first one.
    removed: u64,
    /// The position of each waiting start, counted from the first event ever. A full queue is then not searched.
    starts: HashMap<Uuid, u64>,
    /// The runs of `starts` in their order, and some whose start is gone.
    order: VecDeque<Uuid>,
    /// The number of events at the front that are being written. They do not change.
    in_flight: usize,
    /// The number of events that were ever queued, and that were ever settled.
    queued: u64,
    settled: u64,
}

impl Events {
    fn push(&mut self, run: RunRecord) {
        if run.status == RunStatus::Running {
            let position = self.removed + self.waiting.len() as u64;
            self.starts.insert(run.id, position);
            self.order.push_back(run.id);
        }
        self.waiting.push_back(run);
        self.queued += 1;
    }

    /// Returns the index of the start of this run, if it may still change.
    fn start_of(&self, run: Uuid) -> Option<usize> {
        let index = usize::try_from(self.starts.get(&run)? - self.removed).ok()?;
        (index >= self.in_flight).then_some(index)
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

    /// Removes events from the front. Returns the runs that ended with them.
    fn remove(&mut self, count: usize) -> Vec<Uuid> {
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
        self.removed += count as u64;
        self.settled += count as u64;
        ended
    }
}

impl Queue {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            events: Mutex::default(),
            filled: Notify::new(),
            settled: Notify::new(),
        }
    }

    /// Adds an event. If the queue is full, returns the event that is dropped for it.
    ///
    /// An end contains all data of its start, and a start without its end would become a lost run. In a full queue an end
    /// therefore replaces its own start, or else the last waiting start, whose end is still to come.
    pub(super) fn push(&self, run: RunRecord) -> Option<RunRecord> {
        let mut events = self.events.lock();
        if events.waiting.len() < self.max {
            events.push(run);
            drop(events);
            self.filled.notify_one();
            return None;
        }
        if run.status == RunStatus::Running {
            return Some(run);
        }
        let own = events.start_of(run.id);
        let Some(index) = own.or_else(|| events.last_start()) else {
            return Some(run);
        };
        let replaced = std::mem::replace(&mut events.waiting[index], run);
        events.starts.remove(&replaced.id);
        own.is_none().then_some(replaced)
    }

    pub(super) fn len(&self) -> usize {
        self.events.lock().waiting.len()
    }

    /// Waits until the queue is not empty.
    pub(super) async fn filled(&self) {
        while self.len() == 0 {
            self.filled.notified().await;
        }
    }

    /// Returns up to `max` events from the front.
    pub(super) fn batch(&self, max: usize) -> Batch<'_> {
        let mut events = self.events.lock();
        events.in_flight = max.min(events.waiting.len());
        let runs = latest(events.waiting.iter().take(max));
        Batch { queue: self, runs }
    }

    /// Waits until every event that was queued before this call is settled.
    pub(super) async fn flushed(&self) {
        let until = self.events.lock().queued;
        loop {
            let settled = self.settled.notified();
            if self.events.lock().settled >= until {
                return;
            }
            settled.await;
        }
    }
}

/// Events at the front of the queue. While the batch exists, they do not change.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    queue: &'a Queue,
    /// The last event of each run.
    pub(super) runs: Vec<RunRecord>,
}

impl Batch<'_> {
    /// Removes the events, which were written or dropped. Returns the runs that ended with them.
    pub(super) fn settle(self) -> Vec<Uuid> {
        let mut events = self.queue.events.lock();
        let count = events.in_flight;
        let ended = events.remove(count);
        drop(events);
        self.queue.settled.notify_waiters();
        ended
    }
}

/// Events that were not settled stay in the queue.
impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.queue.events.lock().in_flight = 0;
    }
}

/// Keeps the last of several events of one run, at the position of the first.
fn latest<'a>(batch: impl ExactSizeIterator<Item = &'a RunRecord>) -> Vec<RunRecord> {
    let mut indices: HashMap<Uuid, usize> = HashMap::new();
    let mut latest: Vec<RunRecord> = Vec::with_capacity(batch.len());
    for run in batch {
        let index = *indices.entry(run.id).or_insert(latest.len());
        match latest.get_mut(index) {
            Some(earlier) => earlier.clone_from(run),
            None => latest.push(run.clone()),
        }
    }
    latest
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
    fn a_full_queue_drops_starts_before_ends() {
        let queue = Queue::new(3);
        let runs: Vec<_> = (0..5).map(|_| begun()).collect();
        for run in &runs[..3] {
            assert_eq!(queue.push(run.clone()), None);
        }
        assert_eq!(queue.push(runs[3].clone()), Some(runs[3].clone()), "full");
        assert_eq!(queue.push(ended(&runs[0])), None, "it replaces its start");
        let dropped = queue.push(ended(&runs[3]));
        assert_eq!(dropped, Some(runs[2].clone()), "it replaces the last start");
        let batch = queue.batch(10);
        assert_eq!(
            batch.runs,
            [ended(&runs[0]), runs[1].clone(), ended(&runs[3])]
        );
        // An event that is being written does not change, because its end would be lost.
        assert_eq!(queue.push(ended(&runs[1])), Some(ended(&runs[1])));
        drop(batch);
        assert_eq!(queue.push(ended(&runs[1])), None);
        assert_eq!(
            queue.push(ended(&runs[4])),
            Some(ended(&runs[4])),
            "ends only"
        );
        assert_eq!(queue.batch(2).settle(), [runs[0].id, runs[1].id]);
        assert_eq!(queue.len(), 1);
    }

    /// Compared with a list that is searched.
    #[test]
    fn the_index_finds_the_same_events_as_a_search() {
        let queue = Queue::new(5);
        let mut list: Vec<RunRecord> = Vec::new();
        let mut open: Vec<RunRecord> = Vec::new();
        let mut batch: Option<Batch<'_>> = None;
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
                    drop(batch.take());
                    let taken = batch.insert(queue.batch(in_flight));
                    assert_eq!(taken.runs, latest(list[..in_flight].iter()));
                    continue;
                }
                _ if choice % 16 < 8 => {
                    batch = None;
                    in_flight = 0;
                    continue;
                }
                _ => {
                    let gone = list
                        .drain(..in_flight)
                        .filter(|run| run.finished_at.is_some());
                    let gone: Vec<_> = gone.map(|run| run.id).collect();
                    let settled = batch.take().map(Batch::settle);
                    assert_eq!(settled.unwrap_or_default(), gone);
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
            let dropped = if list.len() < 5 {
                list.push(run.clone());
                None
            } else if run.finished_at.is_none() {
                Some(run.clone())
            } else if let Some(at) = own.or(start) {
                let dropped = std::mem::replace(&mut list[at], run.clone());
                own.is_none().then_some(dropped)
            } else {
                Some(run.clone())
            };
            assert_eq!(queue.push(run), dropped);
            let events = queue.events.lock();
            assert_eq!(events.waiting, list);
            assert!(events.order.len() <= 5 && events.starts.len() <= 5);
        }
    }

    #[tokio::test]
    async fn flushed_waits_for_earlier_events_only() {
        let queue = Queue::new(10);
        queue.flushed().await;
        assert_eq!(queue.push(begun()), None);
        let mut flushed = std::pin::pin!(queue.flushed());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(flushed.as_mut().poll(&mut cx).is_pending());
        let batch = queue.batch(1);
        assert_eq!(queue.push(begun()), None);
        assert!(batch.settle().is_empty());
        flushed.await;
        assert_eq!(queue.len(), 1);
    }
}
