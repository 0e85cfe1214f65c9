//! How a request ended, and the status that is recorded for it.

use std::borrow::Cow;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The response was sent to its end.
    Complete,
    /// The future was dropped before the response head, or the body before its end.
    Dropped,
    /// The inner service, its future or the body panicked.
    Panic,
    /// The inner service returned an error.
    ServiceError,
    /// The inner service returned an error that reports a timeout.
    TimedOut,
    /// The body returned an error.
    BodyError,
}

/// A value of the status label: an HTTP status code, or one of the two constants below.
pub(crate) type Status = u16;
const ERROR: Status = 0;
const TIMEOUT: Status = 1;

/// nginx's "client closed request".
const CLIENT_CLOSED: Status = 499;
const INTERNAL_ERROR: Status = 500;

/// Whether a layer records the requests that a server receives or those that a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

impl Side {
    /// The status of a request that ended without a response head.
    pub(crate) fn status_without_head(self, outcome: Outcome) -> Status {
        match (self, outcome) {
            (Self::Server, Outcome::Dropped) => CLIENT_CLOSED,
            (Self::Server, _) => INTERNAL_ERROR,
            (Self::Client, Outcome::Dropped | Outcome::TimedOut) => TIMEOUT,
            (Self::Client, _) => ERROR,
        }
    }
}

pub(crate) fn status_text(status: Status) -> Cow<'static, str> {
    match status {
        ERROR => "error".into(),
        TIMEOUT => "timeout".into(),
        code => code.to_string().into(),
    }
}
