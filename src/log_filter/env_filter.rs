//! The `EnvFilter` of a text.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Values of fields are compared as they are: a regular expression of a few bytes could need more memory than the machine has.
pub(crate) fn build(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().with_regex(false).parse(text)
}

/// Returns why `EnvFilter` cannot read this text.
pub(super) fn check(text: &str) -> Result<(), String> {
    build(text).map(drop).map_err(|error| error.to_string())
}
