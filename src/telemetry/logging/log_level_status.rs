//! `LogLevelStatus`: what a `LogLevel` shows.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// The filter of the log, without the secrets that values of its fields may be. Serializes as `/admin/log-level` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogLevelStatus {
    /// The filter in effect.
    pub filter: String,
    /// The end of the filter, if it was set for some time. Serializes to RFC 3339.
    #[serde(serialize_with = "rfc_3339")]
    pub until: Option<SystemTime>,
    /// The filter that returns then.
    pub returns_to: Option<String>,
    /// The filter that the log began with.
    pub configured: String,
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn rfc_3339<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    let time = time.and_then(|time| Timestamp::try_from(time).ok());
    time.map(|time| format!("{time:.3}")).serialize(serializer)
}
