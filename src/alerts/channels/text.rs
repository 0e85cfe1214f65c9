//! Cuts texts to the limits of receivers.

use std::borrow::Cow;

/// The end of a text that was cut.
const ELLIPSIS: char = '…';

/// The unit in which a receiver counts the length of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode scalar values.
    Chars,
    /// Code units of UTF-16, as JavaScript and Telegram count. Never fewer than `Chars`.
    Utf16,
}

impl Unit {
    /// The length of one character.
    pub(super) fn of(self, char: char) -> usize {
        match self {
            Self::Bytes => char.len_utf8(),
            Self::Chars => 1,
            Self::Utf16 => char.len_utf16(),
        }
    }

    /// The length of a text.
    pub(super) fn len(self, text: &str) -> usize {
        text.chars().map(|char| self.of(char)).sum()
    }
}

/// The text if it fits into `limit` units, else its beginning and an ellipsis, which fit together.
pub(super) fn cut(text: &str, limit: usize, unit: Unit) -> Cow<'_, str> {
    cut_by(text, limit, |char| unit.of(char))
}

/// Like [`cut`], where each character has a length of its own. With the length of its escaped form, a text can be escaped after it
/// was cut and still fits.
pub(super) fn cut_by(text: &str, limit: usize, length: impl Fn(char) -> usize) -> Cow<'_, str> {
    let room = limit.checked_sub(length(ELLIPSIS));
    let (mut used, mut end) = (0, 0);
    for (at, char) in text.char_indices() {
        used += length(char);
        if used > limit {
            let beginning = &text[..end];
            return match room {
                Some(_) => Cow::Owned(format!("{beginning}{ELLIPSIS}")),
                None => Cow::Borrowed(""),
            };
        }
        if room.is_some_and(|room| used <= room) {
            end = at + char.len_utf8();
        }
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_stays_as_it_is() {
        for (text, unit, length) in [
            ("", Unit::Chars, 0),
            ("abc", Unit::Bytes, 3),
            ("äöü", Unit::Bytes, 6),
            ("äöü", Unit::Chars, 3),
            ("🔴🔴", Unit::Utf16, 4),
            ("🔴🔴", Unit::Chars, 2),
        ] {
            assert_eq!(unit.len(text), length, "{text}");
            assert!(matches!(cut(text, length, unit), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_longer_text_is_cut_between_characters() {
        for (text, limit, unit, expected) in [
            ("abcdef", 4, Unit::Chars, "abc…"),
            ("abcdef", 5, Unit::Bytes, "ab…"),
            ("äöüß", 5, Unit::Bytes, "ä…"),
            ("äöüß", 4, Unit::Bytes, "…"),
            ("🔴🔴🔴", 5, Unit::Utf16, "🔴🔴…"),
            ("🔴🔴🔴", 4, Unit::Utf16, "🔴…"),
            ("🔴🔴🔴", 1, Unit::Utf16, "…"),
            ("abc", 2, Unit::Bytes, ""),
            ("abc", 0, Unit::Chars, ""),
        ] {
            assert_eq!(cut(text, limit, unit), expected, "{text} {limit} {unit:?}");
            assert!(unit.len(&cut(text, limit, unit)) <= limit);
        }
    }

    #[test]
    fn the_length_of_the_escaped_form_counts() {
        let length = |char| if char == '<' { 4 } else { 1 };
        assert_eq!(cut_by("<<<<", 16, length), "<<<<");
        assert_eq!(cut_by("<<<<", 15, length), "<<<…");
        assert_eq!(cut_by("<<<<", 12, length), "<<…");
    }
}
