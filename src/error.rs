//! The crate's one error type: opaque, with a kind to match on and the source that caused it.

use std::error::Error as StdError;
use std::fmt;

/// What went wrong, as a class that code can match on.
///
/// New kinds may be added: match with a `_` arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A `metrics` recorder is already installed in this process.
    AlreadyInstalled,
    /// A setting was refused; the message names it, the problem and what is allowed.
    InvalidConfig,
    /// The operating system refused something (a thread, a socket).
    Io,
    /// A store does not take what it was given, however often it is asked.
    Refused,
}

/// The error of every fallible function in this crate.
///
/// Its `Display` is a whole sentence for a person: what was refused, why, and what is allowed. Match on [`Error::kind`].
///
/// ```
/// use tower_vitals::{ErrorKind, HttpMetricsLayer, http_metrics::Naming};
///
/// let error = HttpMetricsLayer::new()
///     .naming(Naming::prometheus().requests("http requests"))
///     .unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidConfig);
/// assert!(error.to_string().contains("\"http requests\""));
/// ```
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// Of something outside the crate that a trait of the crate is implemented by: a history of jobs, for one.
    ///
    /// ```
    /// use tower_vitals::{Error, ErrorKind};
    ///
    /// let source = std::io::Error::other("no route to host");
    /// let error = Error::external("the history of jobs in our own store", source);
    /// assert_eq!(error.kind(), ErrorKind::Io);
    /// ```
    #[must_use]
    pub fn external(
        message: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Io, message).with_source(source)
    }

    /// As [`external`](Self::external), of a store that does not take what it was given, however often it is asked.
    ///
    /// ```
    /// use tower_vitals::{Error, ErrorKind};
    ///
    /// let source = std::io::Error::other("a text of this table has no emoji");
    /// let error = Error::refused("the history of jobs in our own store", source);
    /// assert_eq!(error.kind(), ErrorKind::Refused);
    /// ```
    #[must_use]
    pub fn refused(
        message: impl Into<String>,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::new(ErrorKind::Refused, message).with_source(source)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidConfig, message)
    }

    /// Joins the mistakes that a builder collected into one error: a single mistake as it is, several as
    /// `3 mistakes: a; b; c` with the kind and the source of the first.
    #[allow(dead_code, reason = "some features have no builder that can fail")]
    pub(crate) fn combine(mut mistakes: Vec<Self>) -> Result<(), Self> {
        if mistakes.len() < 2 {
            return mistakes.pop().map_or(Ok(()), Err);
        }
        let messages: Vec<_> = mistakes.iter().map(|error| &*error.message).collect();
        let message = format!("{} mistakes: {}", messages.len(), messages.join("; "));
        let first = mistakes.swap_remove(0);
        Err(Self { message, ..first })
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The class of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

/// The error's message, followed by those messages of its sources that it does not contain.
#[cfg(any(feature = "health", feature = "push"))]
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
#[cfg(any(feature = "health", feature = "push"))]
#[allow(dead_code, reason = "some features log no errors")]
pub(crate) fn logged(error: &(dyn StdError + 'static)) -> String {
    crate::redact::redact_line(&with_sources(error), 1024)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
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
            Error::combine(mistakes.collect()).map_err(|error| error.to_string())
        };
        assert_eq!(combined(&[]), Ok(()));
        assert_eq!(combined(&["a"]), Err("a".into()));
        assert_eq!(combined(&["a", "b"]), Err("2 mistakes: a; b".into()));
    }

    #[test]
    fn combined_mistakes_have_the_kind_and_the_source_of_the_first() {
        let first = Error::external("a", std::io::Error::other("cause"));
        let error = Error::combine(vec![first, Error::invalid("b")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(error.source().unwrap().to_string(), "cause");
    }
}
