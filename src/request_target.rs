//! The targets of the spans and the log lines of requests.

/// The target of the spans and the log lines of requests.
pub(crate) const REQUEST: &str = "tower_vitals::request";

/// The target of spans that show the id of a request in logs. They are no part of a trace.
pub(crate) const REQUEST_ID: &str = "tower_vitals::request_id";

/// The target of the spans of requests that are excluded from traces.
pub(crate) const EXCLUDED_REQUEST: &str = "tower_vitals::excluded_request";
