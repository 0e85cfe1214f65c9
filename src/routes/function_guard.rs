//! [`FunctionGuard`]: access by a function of the service.

use http::request::Parts;

use super::refusal::Refusal;
use crate::log_limit::LogLimit;
use crate::panics;
use crate::redact::redact_line;

pub(super) struct FunctionGuard {
    allows: Box<dyn Fn(&Parts) -> bool + Send + Sync>,
    panics: LogLimit,
}

impl FunctionGuard {
    pub(super) fn new(allows: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self {
            allows: Box::new(allows),
            panics: LogLimit::default(),
        }
    }

    pub(super) fn check(&self, parts: &Parts) -> Result<(), Refusal> {
        match panics::caught_here(|| (self.allows)(parts)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::forbidden(
                "The service's guard refused this request.",
            )),
            Err(panic) => {
                if let Some(left_out) = self.panics.next() {
                    let left_out = Some(left_out).filter(|left_out| *left_out > 0);
                    let panic = redact_line(panics::message(&*panic), 1024);
                    tracing::error!(
                        panic,
                        left_out,
                        "the guard panicked, which refuses the request"
                    );
                }
                Err(Refusal::failure(
                    "The service's guard panicked; the service's log says why.",
                ))
            }
        }
    }
}
