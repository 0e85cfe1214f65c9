//! `Error`: opaque, with a kind to match on and a source.

use std::error::Error as StdError;
use std::fmt;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A `metrics` recorder is already installed in this process.
    AlreadyInstalled,
    /// A setting is invalid. The message names the setting, the problem and the allowed values.
    InvalidConfig,
    /// An operation of the system, the network or a store failed. Retrying may help.
    Io,
    /// A store rejects the data. Retrying does not help.
    Refused,
}

/// The error of every fallible function in this crate.
///
/// Its message names the failure, the reason and the allowed input. Code matches on [`Error::kind`]. Secrets are
/// [masked](crate::redact) in the message, also in `Debug` output.
///
/// ```
/// use tower_vitals::ErrorKind;
/// use tower_vitals::catalog::{Catalog, Family};
///
/// let error = Catalog::new()
///     .register(Family::counter("http requests", "Requests."))
///     .unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidConfig);
/// assert!(error.to_string().contains("\"http requests\""));
/// ```
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<BoxError>,
}

debug_redacted!(Error {
    kind,
    message,
    source
});

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Wraps an error from your own implementation of one of this crate's traits, such as a job history. The kind is
    /// [`ErrorKind::Io`].
    ///
    /// ```
    /// use tower_vitals::{Error, ErrorKind};
    ///
    /// let source = std::io::Error::other("no route to host");
    /// let error = Error::external("the job history is unreachable", source);
    /// assert_eq!(error.kind(), ErrorKind::Io);
    /// ```
    #[must_use]
    pub fn external(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Io, message).with_source(source)
    }

    /// Like [`external`](Self::external), for a store that rejects the data, so that retrying does not help. The kind is
    /// [`ErrorKind::Refused`].
    ///
    /// ```
    /// use tower_vitals::{Error, ErrorKind};
    ///
    /// let source = std::io::Error::other("invalid byte sequence for encoding");
    /// let error = Error::refused("the job history rejects the run", source);
    /// assert_eq!(error.kind(), ErrorKind::Refused);
    /// ```
    #[must_use]
    pub fn refused(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::new(ErrorKind::Refused, message).with_source(source)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidConfig, message)
    }

    /// Joins the mistakes that a builder collected into one error: a single mistake as it is, several as
    /// `3 mistakes: a; b; c` with the kind and the source of the first.
    #[allow(dead_code, reason = "some features have no builder that can fail")]
    pub(crate) fn combine(mistakes: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut mistakes: Vec<_> = mistakes.into_iter().collect();
        if mistakes.len() < 2 {
            return mistakes.pop().map_or(Ok(()), Err);
        }
        let messages: Vec<_> = mistakes.iter().map(|error| &*error.message).collect();
        let message = format!("{} mistakes: {}", messages.len(), messages.join("; "));
        let first = mistakes.swap_remove(0);
        Err(Self { message, ..first })
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// The error's message, followed by those messages of its sources that it does not contain.
#[cfg(any(feature = "health", feature = "otel", feature = "push"))]
pub(crate) fn with_sources(error: &(dyn StdError + 'static)) -> String {
    let mut message = error.to_string();
    for source in std::iter::successors(error.source(), |error| (*error).source()) {
        let source = source.to_string();
        if !message.contains(&source) {
            message.push_str(": ");
            message.push_str(&source);
        }
    }
    message
}

/// The error with its sources as one line for the log: redacted and cut to 1024 bytes.
#[cfg(any(feature = "health", feature = "otel", feature = "push"))]
#[allow(dead_code, reason = "some features log no errors")]
pub(crate) fn logged(error: &(dyn StdError + 'static)) -> String {
    crate::redact::redact_line(&with_sources(error), 1024)
}

/// The message, in which secrets are masked.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::redact::redact(&self.message))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_mistakes_become_one_error_and_a_single_one_stays_as_it_is() {
        let combined = |messages: &[&str]| {
            let mistakes = messages.iter().map(|message| Error::invalid(*message));
            Error::combine(mistakes).map_err(|error| error.to_string())
        };
        assert_eq!(combined(&[]), Ok(()));
        assert_eq!(combined(&["a"]), Err("a".into()));
        assert_eq!(combined(&["a", "b"]), Err("2 mistakes: a; b".into()));
    }

    #[test]
    fn combined_mistakes_have_the_kind_and_the_source_of_the_first() {
        let first = Error::external("a", std::io::Error::other("cause"));
        let error = Error::combine([first, Error::invalid("b")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(error.source().unwrap().to_string(), "cause");
    }
}
