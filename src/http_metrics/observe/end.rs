//! `End`: the figures of a request's end, which its metrics have, too.

use std::borrow::Cow;

use crate::http_metrics::config::Until;
use crate::http_metrics::ending::{CLIENT_CLOSED, Ending, INTERNAL_ERROR, Status};
use crate::http_metrics::error_type::error_type;
use crate::http_metrics::grpc::Code;
use crate::http_metrics::outcome::{Outcome, Side};

/// How a request ended.
pub(crate) struct End<'a> {
    pub(crate) side: Side,
    pub(crate) ending: Ending,
    pub(crate) nanos: u64,
    /// Where these nanoseconds end.
    pub(crate) until: Until,
    /// The bytes of the response body, if there was a response.
    pub(crate) bytes: Option<u64>,
    pub(crate) outcome: Outcome,
    /// The endpoint of the metrics, if there are metrics.
    pub(crate) endpoint: Option<&'a str>,
}

impl End<'_> {
    /// The status of the response, if one was sent.
    pub(crate) fn sent_status(&self) -> Option<Status> {
        self.bytes.is_some().then(|| self.ending.status())
    }

    /// The status of the response, or the one that stands for its absence.
    pub(crate) fn status(&self) -> Status {
        self.sent_status().unwrap_or(match self.outcome {
            Outcome::Cancelled => CLIENT_CLOSED,
            _ => INTERNAL_ERROR,
        })
    }

    /// The status of a gRPC call.
    pub(crate) fn code(&self) -> Option<Code> {
        Code::of(self.ending)
    }

    /// The `error.type` of OpenTelemetry's conventions, as its metrics have it.
    pub(crate) fn error_type(&self) -> Option<Cow<'static, str>> {
        if let Some(code) = self.code() {
            return code.is_error(self.side).then(|| code.name().into());
        }
        let status = self.sent_status().unwrap_or_default();
        error_type(self.side, status, self.outcome)
    }

    /// Whether the duration ends before the request does.
    pub(crate) fn is_until_head(&self) -> bool {
        self.until == Until::Head && self.bytes.is_some()
    }

    pub(crate) fn millis(&self) -> f64 {
        self.nanos as f64 / 1e6
    }
}
