//! Cuts texts to the limits of receivers.

use std::borrow::Cow;

/// The end of a text that was cut.
const ELLIPSIS: char = '…';

/// The length of a text in code units of UTF-16, as JavaScript, Java and Telegram count. Never less than in characters.
pub(super) fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text if it fits into `limit` code units of UTF-16, else its beginning and an ellipsis, which fit together.
pub(super) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    cut_by(text, limit, char::len_utf16)
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
        for (text, length) in [("", 0), ("abc", 3), ("äöü", 3), ("a🔥b", 4), ("🔴🔴", 4)] {
            assert_eq!(utf16_len(text), length, "{text}");
            assert!(matches!(cut(text, length), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn a_longer_text_is_cut_between_characters() {
        for (text, limit, expected) in [
            ("abcdef", 4, "abc…"),
            ("äöüß", 3, "äö…"),
            ("a🔥b", 3, "a…"),
            ("🔴🔴🔴", 5, "🔴🔴…"),
            ("🔴🔴🔴", 4, "🔴…"),
            ("🔴🔴🔴", 1, "…"),
            ("abc", 0, ""),
        ] {
            assert_eq!(cut(text, limit), expected, "{text} {limit}");
            assert!(utf16_len(&cut(text, limit)) <= limit);
        }
    }

    #[test]
    fn the_length_of_the_escaped_form_counts() {
        let length = |char| if char == '<' { 4 } else { 1 };
        assert_eq!(cut_by("<<<<", 16, length), "<<<<");
        assert_eq!(cut_by("<<<<", 15, length), "<<<…");
        assert_eq!(cut_by("<<<<", 12, length), "<<…");
    }

    #[test]
    fn nothing_is_left_where_the_ellipsis_does_not_fit() {
        assert_eq!(cut_by("abc", 2, char::len_utf8), "");
    }
}
