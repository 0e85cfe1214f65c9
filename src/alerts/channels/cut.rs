//! Cuts texts to the limits of receivers.

/// The text, cut to `max` characters, the last of which is `…` if anything was cut.
///
/// A character outside the basic plane counts as two, because some receivers count code units of UTF-16.
pub(super) fn cut(text: &str, max: usize) -> String {
    let mut units = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > max {
            return if max == 0 {
                String::new()
            } else {
                format!("{}…", &text[..end])
            };
        }
        // Room for the ellipsis.
        if units < max {
            end = at + c.len_utf8();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, max, expected) in [
            ("", 0, ""),
            ("abc", 0, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöüß", 3, "äö…"),
            ("a🔥b", 4, "a🔥b"),
            ("a🔥b", 3, "a…"),
            ("🔥🔥", 2, "…"),
        ] {
            assert_eq!(cut(text, max), expected, "{text} {max}");
        }
    }
}
