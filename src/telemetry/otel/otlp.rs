//! `Otlp`: the way to a collector.

use std::time::Duration;

use http::Uri;
use http::header::HeaderMap;

use super::protocol::Protocol;

/// The way to a collector, checked.
pub(super) struct Otlp {
    pub(super) protocol: Protocol,
    pub(super) uri: Uri,
    /// Their values are secrets.
    pub(super) headers: HeaderMap,
    /// Root certificates in PEM, in place of those of the system.
    pub(super) certificate: Option<Vec<u8>>,
    /// Of one attempt.
    pub(super) timeout: Duration,
    /// Of all attempts for one batch together.
    pub(super) export_timeout: Duration,
}
