//! The crate's one redactor: text that may hold a secret passes through it before it is shown, logged or sent.
//!
//! In doubt it masks, and it leaves the words around a secret readable.

mod char_boundary;
#[cfg(feature = "health")]
mod json;
mod named;
mod shown;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod url;
mod word;

#[cfg(feature = "health")]
pub(crate) use self::json::{Budget, json};
#[cfg(feature = "prometheus")]
pub(crate) use self::shown::Pairs;
pub(crate) use self::shown::Shown;
#[allow(unused_imports, reason = "the features decide which of them are used")]
pub(crate) use self::text::{MASK, redact, redact_line};
