//! `DeliveryError`: a failed delivery, and its treatment.

use std::fmt;
use std::time::Duration;

use crate::redact::redact;

/// A failed delivery, and its treatment. The message is redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryError {
    /// Another attempt may succeed: the receiver is down, slow, or wants fewer messages.
    Retry {
        /// The problem.
        message: String,
        /// The time to wait, if the receiver names one.
        after: Option<Duration>,
    },
    /// This notification can never succeed, but others may. It is not tried again.
    Rejected {
        /// The problem.
        message: String,
    },
    /// The receiver is gone, or refuses the credentials. Nothing is sent until the channel is tested or configured anew.
    Stopped {
        /// The problem.
        message: String,
    },
}

impl DeliveryError {
    /// Another attempt may succeed.
    pub fn retry(message: impl AsRef<str>) -> Self {
        Self::retry_after(message, None)
    }

    /// Another attempt may succeed after this time.
    pub fn retry_after(message: impl AsRef<str>, after: Option<Duration>) -> Self {
        let message = redact(message.as_ref()).into_owned();
        Self::Retry { message, after }
    }

    /// This notification can never succeed.
    pub fn rejected(message: impl AsRef<str>) -> Self {
        let message = redact(message.as_ref()).into_owned();
        Self::Rejected { message }
    }

    /// No notification can succeed.
    pub fn stopped(message: impl AsRef<str>) -> Self {
        let message = redact(message.as_ref()).into_owned();
        Self::Stopped { message }
    }

    /// The problem.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Retry { message, .. }
            | Self::Rejected { message }
            | Self::Stopped { message } => message,
        }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for DeliveryError {}
