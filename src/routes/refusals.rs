//! [`Refusals`]: the trace that the refusals of a guarded route leave.

use http::request::Parts;
use metrics::{Counter, SharedString};

use super::peer::peer;
use crate::catalog::MONITORING_GUARD_REFUSALS;
use crate::log_limit::LogLimit;
use crate::recorder::{LazyHandle, RecorderRef};

pub(super) struct Refusals {
    route: &'static str,
    count: LazyHandle<Counter>,
    log: LogLimit,
}

impl Refusals {
    /// The count exists at 0 from now on, or from the recorder's installation.
    pub(super) fn new(route: &'static str, recorder: &RecorderRef) -> Self {
        let key = MONITORING_GUARD_REFUSALS.key([SharedString::const_str(route)]);
        Self {
            route,
            count: LazyHandle::zero(recorder, key),
            log: LogLimit::default(),
        }
    }

    /// Counts a refusal, and logs one a minute. The reason holds no credential.
    pub(super) fn note(&self, parts: &Parts, reason: &str) {
        self.count.record(|count| count.increment(1));
        let Some(left_out) = self.log.next() else {
            return;
        };
        let left_out = Some(left_out).filter(|left_out| *left_out > 0);
        let peer = peer(parts).map(tracing::field::display);
        tracing::warn!(
            reason,
            route = self.route,
            peer,
            left_out,
            "a guarded route refused a request"
        );
    }
}
