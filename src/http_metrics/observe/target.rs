/// The target of the spans and the log lines of requests.
pub(crate) const TARGET: &str = "tower_vitals::request";
