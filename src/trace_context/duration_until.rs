/// The attribute of a span whose `duration_ms` does not run to its end. The value says where it ends.
pub(crate) const DURATION_UNTIL: &str = "duration_until";
