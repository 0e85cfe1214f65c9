//! Log lines: their format, and that no secret reaches one.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::items_after_statements,
    reason = "tests may panic"
)]

mod format;
mod lines;
mod random;
mod secrets;
mod strict;
#[cfg(feature = "otel")]
mod trace;
