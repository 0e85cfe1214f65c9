//! `Violation`: a promise that a store breaks.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, with_sources};

/// A promise that a store breaks, or the error with which it failed.
#[derive(Debug)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Violation {}

impl From<Error> for Violation {
    fn from(error: Error) -> Self {
        Self(format!("the store failed: {}", with_sources(&error)))
    }
}

pub(super) type Outcome = Result<(), Violation>;

pub(super) fn broken(promise: &str, found: &dyn fmt::Debug) -> Violation {
    Violation(format!(
        "the store breaks a promise: {promise}: found {found:?}"
    ))
}

pub(super) fn expect(promise: &str, holds: bool, found: &dyn fmt::Debug) -> Outcome {
    if holds {
        return Ok(());
    }
    Err(broken(promise, found))
}

#[expect(clippy::needless_pass_by_value, reason = "most callers pass literals")]
pub(super) fn expect_eq<T: PartialEq<U> + fmt::Debug, U: fmt::Debug>(
    promise: &str,
    found: T,
    expected: U,
) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(Violation(format!(
        "the store breaks a promise: {promise}: found {found:?}, expected {expected:?}"
    )))
}

pub(super) fn expect_some<T>(promise: &str, found: Option<T>) -> Result<T, Violation> {
    found.ok_or_else(|| broken(promise, &"none"))
}
