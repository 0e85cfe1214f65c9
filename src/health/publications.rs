//! `Publications`: the results of one check on their way to the observer.

use std::collections::VecDeque;
use std::mem;

use parking_lot::Mutex;

use super::{CheckResult, Status};

/// Receives the results of checks. It owns the entries, so they hold it weakly.
pub(super) trait Observer: Send + Sync {
    /// Receives a result: that of a run that has ended, one that is newer than every published one, or both.
    fn publish(&self, result: &CheckResult, has_ended: bool, newest: Option<Newest>);
}

/// The result is newer than every published one.
pub(super) struct Newest {
    /// The status published last.
    pub(super) before: Option<Status>,
}

/// The results that may wait for the observer, and the number that one caller publishes. More than a few wait only if the
/// observer hangs, or if what it calls has a new status each time.
const MAX_WAITING: usize = 64;

/// Passes results on one after another and in order, so that the newest status is also the one recorded last. Nothing is
/// passed on under the lock, because recorders and log subscribers may call this crate.
#[derive(Default)]
pub(super) struct Publications(Mutex<State>);

/// Runs end in order, but their results may arrive out of order.
#[derive(Default)]
struct State {
    /// The newest run with a result.
    run: u64,
    /// Whether that run had ended, rather than exceeded its timeout.
    has_ended: bool,
    status: Option<Status>,
    /// The last status from memory, published or not.
    from_memory: Option<Status>,
    waiting: VecDeque<Publication>,
    is_publishing: bool,
}

struct Publication {
    result: CheckResult,
    has_ended: bool,
    newest: Option<Newest>,
}

impl Publications {
    pub(super) fn add_of_run(&self, result: &CheckResult, run: u64, has_ended: bool) {
        let mut state = self.0.lock();
        let is_newest = (state.run, state.has_ended) <= (run, has_ended);
        let newest = is_newest.then(|| {
            (state.run, state.has_ended) = (run, has_ended);
            let before = state.status.replace(result.status());
            Newest { before }
        });
        state.add(Publication {
            result: result.clone(),
            has_ended,
            newest,
        });
    }

    /// Adds the result if its status differs from the last one from memory and from the published one.
    pub(super) fn add_from_memory(&self, result: &CheckResult) {
        let status = Some(result.status());
        let mut state = self.0.lock();
        if mem::replace(&mut state.from_memory, status) == status || state.status == status {
            return;
        }
        let before = mem::replace(&mut state.status, status);
        state.add(Publication {
            result: result.clone(),
            has_ended: false,
            newest: Some(Newest { before }),
        });
    }

    /// Passes on all that waits, unless another caller does so at the moment: that one goes on with these.
    pub(super) fn publish(&self, observer: &dyn Observer) {
        for _ in 0..MAX_WAITING {
            let Some(next) = self.0.lock().next() else {
                return;
            };
            let _publishing = Publishing(self);
            observer.publish(&next.result, next.has_ended, next.newest);
        }
    }
}

impl State {
    fn add(&mut self, publication: Publication) {
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(publication);
    }

    fn next(&mut self) -> Option<Publication> {
        if self.is_publishing {
            return None;
        }
        let next = self.waiting.pop_front();
        self.is_publishing = next.is_some();
        next
    }
}

/// Ends the publication of one result, even if the observer panics.
struct Publishing<'a>(&'a Publications);

impl Drop for Publishing<'_> {
    fn drop(&mut self) {
        self.0.0.lock().is_publishing = false;
    }
}
