//! The mask.

/// The replacement of a secret.
pub(crate) const MASK: &str = "[redacted]";

/// The value without what it has in common with the edges of the mask: `ab[` would appear again beside a mask.
pub(super) fn without_mask(mut value: &str) -> &str {
    for length in (1..=MASK.len()).rev() {
        value = value
            .strip_prefix(&MASK[MASK.len() - length..])
            .unwrap_or(value);
        value = value.strip_suffix(&MASK[..length]).unwrap_or(value);
    }
    value
}
