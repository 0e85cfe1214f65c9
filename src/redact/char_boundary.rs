//! The boundaries of characters, as `str` has them since Rust 1.91.

/// Returns the last boundary that is at most `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The start of the text, at most `max` bytes.
#[cfg(feature = "otel")]
pub(crate) fn start_of(text: &str, max: usize) -> &str {
    &text[..floor(text, max)]
}

/// Returns the first boundary that is at least `at`, or the end of the text.
pub(super) fn ceil(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_between_characters() {
        let text = "aä€";
        for (at, below, above) in [
            (0, 0, 0),
            (1, 1, 1),
            (2, 1, 3),
            (3, 3, 3),
            (4, 3, 6),
            (5, 3, 6),
            (6, 6, 6),
            (9, 6, 6),
        ] {
            assert_eq!((floor(text, at), ceil(text, at)), (below, above), "{at}");
        }
    }
}
