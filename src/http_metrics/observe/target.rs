/// The target of the spans and the log lines of requests.
pub(crate) const TARGET: &str = "tower_vitals::request";

/// The target of the spans of requests that are excluded from traces.
pub(crate) const EXCLUDED_TARGET: &str = "tower_vitals::excluded_request";
