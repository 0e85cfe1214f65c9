//! `Violation`: a promise that a store breaks.

use std::error::Error as StdError;
use std::fmt;

use tokio::task::JoinError;
use tower_vitals::Error;

/// A promise that a store breaks, or the error with which it failed.
#[derive(Debug)]
pub(crate) struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Violation {}

impl From<Error> for Violation {
    fn from(error: Error) -> Self {
        Self(format!("the store failed: {}", with_sources(error)))
    }
}

impl From<JoinError> for Violation {
    fn from(error: JoinError) -> Self {
        Self(format!("the store panicked: {error}"))
    }
}

pub(crate) type Outcome<T = ()> = Result<T, Violation>;

fn broken(promise: &str, found: impl fmt::Debug) -> Violation {
    Violation(format!(
        "the store breaks a promise: {promise}: found {found:?}"
    ))
}

pub(crate) fn expect(promise: &str, holds: bool, found: impl fmt::Debug) -> Outcome {
    if holds {
        return Ok(());
    }
    Err(broken(promise, found))
}

pub(crate) fn expect_eq<T: PartialEq<U> + fmt::Debug, U: fmt::Debug>(
    promise: &str,
    found: T,
    expected: U,
) -> Outcome {
    let holds = found == expected;
    expect(
        promise,
        holds,
        format_args!("{found:?}, expected {expected:?}"),
    )
}

pub(crate) fn expect_some<T>(promise: &str, found: Option<T>) -> Outcome<T> {
    found.ok_or_else(|| broken(promise, format_args!("none")))
}

/// The error's message, followed by those of its sources.
pub(crate) fn with_sources(error: impl StdError) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    message
}
