//! `EndingHandles`: the handles of one ending.

use metrics::{Counter, Histogram};

use super::ending::Ending;

#[derive(Clone)]
pub(crate) struct EndingHandles {
    pub(crate) ending: Ending,
    pub(crate) requests: Counter,
    pub(crate) duration: Histogram,
}

impl EndingHandles {
    #[inline]
    pub(crate) fn count(&self, nanos: u64) {
        self.requests.increment(1);
        self.duration.record(nanos as f64 / 1e9);
    }
}
