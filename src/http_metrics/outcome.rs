//! How a request ended, and on which side it was recorded.

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The response was sent to its end.
    Complete,
    /// The future was dropped before the response head.
    Cancelled,
    /// The body was dropped before its end.
    BodyDropped,
    /// The inner service, its future or the body panicked.
    Panic,
    /// The inner service returned an error.
    ServiceError,
    /// The inner service returned an error that reports a timeout.
    TimedOut,
    /// The body returned an error.
    BodyError,
}

impl Outcome {
    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 7] = [
        Self::Complete,
        Self::Cancelled,
        Self::BodyDropped,
        Self::Panic,
        Self::ServiceError,
        Self::TimedOut,
        Self::BodyError,
    ];

    /// The reason why a request ended early.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::BodyDropped => "body_dropped",
            Self::Panic => "panic",
            Self::ServiceError => "service_error",
            Self::TimedOut => "timeout",
            Self::BodyError => "body_error",
        }
    }
}

/// Whether a layer records the requests that a server receives or those that a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}
