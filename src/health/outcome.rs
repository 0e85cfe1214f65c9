use std::any::Any;
use std::error::Error as StdError;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::Status;
use crate::error::with_sources;
use crate::panics;

/// The outcome of a check: a [`Status`], a message for a person, and data for a program.
///
/// Converts from the usual results of a check:
///
/// ```
/// use tower_vitals::health::{Outcome, Status};
///
/// assert_eq!(Outcome::from(true), Outcome::healthy());
/// assert_eq!(Outcome::from(Status::Degraded), Outcome::degraded());
/// assert_eq!(Outcome::from(Err::<(), _>("no route to host")), Outcome::unhealthy().message("no route to host"));
///
/// let built = Outcome::degraded().message("slow to answer").data("status_code", 200);
/// assert_eq!(built.status(), Status::Degraded);
/// ```
///
/// Secrets in messages and data are [masked](crate::redact) before they are shown, also in `Debug` output. Messages are cut to 1 KiB, strings in the data to 256 bytes, and data to 64 values.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct Outcome {
    pub(super) status: Status,
    pub(super) message: Option<String>,
    pub(super) data: Map<String, Value>,
}

debug_redacted!(Outcome {
    status,
    message,
    data
});

impl Outcome {
    fn new(status: Status) -> Self {
        Self {
            status,
            message: None,
            data: Map::new(),
        }
    }

    /// It works.
    pub fn healthy() -> Self {
        Self::new(Status::Healthy)
    }

    /// It works, but needs attention.
    pub fn degraded() -> Self {
        Self::new(Status::Degraded)
    }

    /// It does not work.
    pub fn unhealthy() -> Self {
        Self::new(Status::Unhealthy)
    }

    /// Unhealthy because of this error. The message includes the error's sources.
    pub fn failed(error: &(dyn StdError + 'static)) -> Self {
        Self::unhealthy().message(with_sources(error))
    }

    /// Sets the message, which people read.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Adds a value to the data, which programs read. A second value of the same name replaces the first.
    pub fn data(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.data.insert(name.into(), value.into());
        self
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The outcome of a check that panicked.
    pub(super) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let message = panics::message(panic);
        Self::unhealthy().message(format!("the check panicked: {message}"))
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        Self::new(status)
    }
}

/// `true` is healthy, `false` is unhealthy.
impl From<bool> for Outcome {
    fn from(works: bool) -> Self {
        if works {
            Self::healthy()
        } else {
            Self::unhealthy()
        }
    }
}

/// `Ok` is healthy. An error is unhealthy, with its alternate form (`{:#}`) as the message, because `anyhow` and similar
/// crates include the causes there.
impl<E: Display> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        result.map(|()| Self::healthy()).into()
    }
}

/// `Ok` is the outcome itself. An error is unhealthy.
impl<E: Display> From<Result<Self, E>> for Outcome {
    fn from(result: Result<Self, E>) -> Self {
        result.unwrap_or_else(|error| Self::unhealthy().message(format!("{error:#}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_includes_each_source_once() {
        let source = std::io::Error::other("the disk is on fire");
        let error = crate::Error::invalid("cannot write").with_source(source);
        let Outcome {
            status, message, ..
        } = Outcome::failed(&error);
        assert_eq!(status, Status::Unhealthy);
        assert_eq!(
            message.as_deref(),
            Some("cannot write: the disk is on fire")
        );
        let wrapped = std::io::Error::other(std::io::Error::other("same words"));
        let message = Outcome::failed(&wrapped).message;
        assert_eq!(message.as_deref(), Some("same words"));
    }
}
