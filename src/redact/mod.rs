//! The crate's one redactor: text that may hold a secret passes through it before it is shown, logged, stored or sent.
//!
//! It masks
//!
//! - values that are known to be secret ([`register`]), wherever and however encoded they appear,
//! - credentials in URLs and connection strings (`scheme://user:password@host`, `user:password@tcp(host)`),
//! - values with the name of a secret, or with one that the service adds ([`register_name`]) (`password=..`, `"api_key": ".."`, `Authorization: Bearer ..`) in query strings,
//!   forms, JSON, YAML, XML, headers, command lines, SQL and Rust's `Debug` output, also percent-encoded or escaped,
//! - values in the format of a token (JSON Web Tokens, the tokens of some 80 services, private keys in PEM).
//!
//! `[redacted]` replaces the whole value. If its end is unclear, the mask extends to the end of the line or structure.
//!
//! States (`password: None`, `token=missing`) and sentences about secrets (`password: must not be empty`) stay readable.
//! So a secret that no one has registered stays readable as well if it is such a word. Register those that you know.

mod assignment;
mod bytes;
mod char_boundary;
mod command;
mod formats;
#[cfg(feature = "health")]
mod json;
mod judge;
mod known;
mod looks;
mod mask;
mod name;
mod named;
mod pair;
#[cfg(any(feature = "health", feature = "logging", feature = "otel"))]
mod pair_names;
mod register_name;
mod registered_names;
mod registry;
mod repeated;
mod scan;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod url;
mod value;
mod view;

#[cfg(feature = "otel")]
pub(crate) use self::char_boundary::start_of;
#[cfg(feature = "health")]
pub(crate) use self::json::{Budget, json};
#[allow(unused_imports, reason = "the features decide which of them are used")]
pub(crate) use self::mask::MASK;
#[allow(unused_imports, reason = "the features decide which of them are used")]
pub(crate) use self::name::{is_count, is_secret};
#[cfg(any(feature = "logging", feature = "otel"))]
pub(crate) use self::pair_names::{is_pair_name, is_pair_value, is_secret_name};
pub use self::register_name::register_name;
pub use self::registry::register;
#[allow(unused_imports, reason = "the features decide which of them are used")]
pub(crate) use self::registry::{register_own, register_url};
pub(crate) use self::repeated::redact_repeated;
pub(crate) use self::target::{redact_path, redact_query};
pub use self::text::redact;
#[cfg(feature = "otel")]
pub(crate) use self::text::redact_to;
#[allow(unused_imports, reason = "the features decide which of them are used")]
pub(crate) use self::text::{MAX_HALF, Redacted, redact_line, redact_start};
