//! `FacadeHandles`: the handles of a series in any recorder of the `metrics` facade.

use std::sync::OnceLock;

use metrics::Gauge;

use super::cache::Registration;
use super::ending::Ending;
use super::ending_handles::EndingHandles;
use super::endings::count_in;

#[derive(Clone)]
pub(crate) struct FacadeHandles {
    in_progress: Gauge,
    /// The first recorded ending, which nearly all requests have.
    first_ending: OnceLock<EndingHandles>,
}

impl FacadeHandles {
    pub(crate) fn new(in_progress: Gauge) -> Self {
        Self {
            in_progress,
            first_ending: OnceLock::new(),
        }
    }

    pub(crate) fn first_ending(&self) -> Option<Ending> {
        self.first_ending.get().map(|handles| handles.ending)
    }

    #[inline]
    pub(crate) fn begin(&self) {
        self.in_progress.increment(1.0);
    }

    #[inline]
    pub(crate) fn leave(&self) {
        self.in_progress.decrement(1.0);
    }

    /// Ends a request if it has the first ending. Returns whether it does.
    #[inline]
    pub(crate) fn end_first(&self, ending: Ending, nanos: u64) -> bool {
        match self.first_ending.get() {
            Some(first) if first.ending == ending => {
                self.leave();
                first.count(nanos);
                true
            }
            _ => false,
        }
    }

    /// Counts an ending if it is the first one, or becomes it. Returns whether it did.
    pub(crate) fn count_first(
        &self,
        ending: Ending,
        nanos: u64,
        register: impl Fn() -> Registration<EndingHandles>,
    ) -> bool {
        count_in(&self.first_ending, ending, nanos, register)
    }
}
