//! `Outage`: reports a failure once when it starts and once when it ends.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something fails at the moment.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    is_failing: AtomicBool,
}

/// A change between working and failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    Started,
    Ended,
}

impl Outage {
    /// Notes the result of the latest attempt. Returns a transition only if the attempt before it ended the other way.
    pub(crate) fn update(&self, is_failing: bool) -> Option<Transition> {
        let was_failing = self.is_failing.swap(is_failing, Ordering::AcqRel);
        match (was_failing, is_failing) {
            (false, true) => Some(Transition::Started),
            (true, false) => Some(Transition::Ended),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outage_is_reported_once_when_it_starts_and_once_when_it_ends() {
        let outage = Outage::default();
        let attempts = [false, true, true, false, false, true];
        let reported = attempts.map(|is_failing| outage.update(is_failing));
        let (started, ended) = (Some(Transition::Started), Some(Transition::Ended));
        assert_eq!(reported, [None, started, None, ended, None, started]);
    }
}
