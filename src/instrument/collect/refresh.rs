//! The rendezvous between callers that need fresh values and the thread that collects them.

use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::measure::Instant;

/// Values younger than this are fresh.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// Callers wait this long for fresh values, and then read the old ones.
const TIMEOUT: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
struct State {
    /// `None` before the first collection.
    collected_at: Option<Instant>,
    is_requested: bool,
    is_closed: bool,
    worker: Option<ThreadId>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl State {
    fn is_fresh(&self) -> bool {
        self.collected_at.is_some_and(|at| at.elapsed() < FRESH_FOR)
    }
}

/// Requests collections. Dropping it ends the worker's thread.
#[derive(Debug)]
pub(super) struct RefreshHandle {
    shared: Arc<Shared>,
}

/// Receives the requests on the collecting thread.
pub(super) struct RefreshWorker {
    shared: Arc<Shared>,
}

pub(super) fn pair() -> (RefreshHandle, RefreshWorker) {
    let shared = Arc::<Shared>::default();
    let worker = RefreshWorker {
        shared: Arc::clone(&shared),
    };
    (RefreshHandle { shared }, worker)
}

/// Returns when all values are fresh, or after the timeout. Sends all requests before it waits for any.
pub(super) fn refresh(handles: &[RefreshHandle]) {
    let started = Instant::now();
    let requested: Vec<_> = handles.iter().filter(|handle| handle.request()).collect();
    for handle in requested {
        handle.wait(TIMEOUT.saturating_sub(started.elapsed()));
    }
}

impl RefreshHandle {
    /// Returns whether to wait for a collection. The worker's own thread must not, because it would wait for itself.
    fn request(&self) -> bool {
        let mut state = self.shared.state.lock();
        if state.is_fresh() || state.worker == Some(thread::current().id()) {
            return false;
        }
        state.is_requested = true;
        self.shared.changed.notify_all();
        true
    }

    fn wait(&self, timeout: Duration) {
        let mut state = self.shared.state.lock();
        let is_stale = |state: &mut State| !state.is_fresh();
        self.shared
            .changed
            .wait_while_for(&mut state, is_stale, timeout);
    }
}

impl Drop for RefreshHandle {
    fn drop(&mut self) {
        self.shared.state.lock().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl RefreshWorker {
    /// Waits for a request, for at most `interval`. Returns whether to collect: `false` once the handle is dropped.
    pub(super) fn wait(&self, interval: Duration) -> bool {
        let mut state = self.shared.state.lock();
        state.worker = Some(thread::current().id());
        let is_idle = |state: &mut State| !state.is_requested && !state.is_closed;
        self.shared
            .changed
            .wait_while_for(&mut state, is_idle, interval);
        !state.is_closed
    }

    /// Completes all requests, including those that arrived during the collection.
    pub(super) fn complete(&self) {
        let mut state = self.shared.state.lock();
        state.collected_at = Some(Instant::now());
        state.is_requested = false;
        drop(state);
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice;

    /// A second collection right after the first would turn values that are differences, such as CPU usage, into noise.
    #[test]
    fn a_request_during_a_collection_is_completed_by_it() {
        let (handle, worker) = pair();
        thread::scope(|scope| {
            let first = scope.spawn(|| refresh(slice::from_ref(&handle)));
            assert!(worker.wait(Duration::from_hours(1)), "requested");
            let second = scope.spawn(|| refresh(slice::from_ref(&handle)));
            while !handle.shared.state.lock().is_requested {
                thread::yield_now();
            }
            worker.complete();
            first.join().unwrap();
            second.join().unwrap();
        });
        assert!(!handle.shared.state.lock().is_requested);
        drop(handle);
        assert!(!worker.wait(Duration::from_hours(1)), "closed");
    }

    /// A custom collector may read the recorder, which requests fresh values.
    #[test]
    fn the_worker_does_not_wait_for_itself() {
        let (handle, worker) = pair();
        handle.shared.state.lock().is_requested = true;
        assert!(worker.wait(Duration::from_hours(1)));
        handle.shared.state.lock().is_requested = false;
        refresh(slice::from_ref(&handle));
        assert!(!handle.shared.state.lock().is_requested);
    }
}
