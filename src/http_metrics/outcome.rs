//! How a request ended, and what status that is.

use std::borrow::Cow;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The response ran to its end.
    Complete,
    /// The guard was dropped: before the head, by whoever waited for it; after, with the body half read.
    Dropped,
    /// The inner service, its future or the body panicked.
    Panic,
    /// The inner service returned `Err`.
    ServiceError,
    /// The inner service returned `Err`, and the error says that time ran out.
    TimedOut,
    /// The body returned `Err`.
    BodyError,
}

/// A status that the counter of requests can show. The codes below 100 stand for what no HTTP status says.
pub(crate) type Status = u16;
const ERROR: Status = 0;
const TIMEOUT: Status = 1;

/// nginx's "client closed request", for a client that left before it was answered.
const CLIENT_CLOSED: Status = 499;
const INTERNAL_ERROR: Status = 500;

/// Whose requests a layer records.
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
