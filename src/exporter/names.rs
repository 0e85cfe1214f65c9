//! Names that Prometheus accepts.

use std::borrow::Cow;

/// The characters of metric names besides letters, digits and underscores.
pub(super) const METRIC: &str = ":";
/// Label names have no others.
pub(super) const LABEL: &str = "";

/// Replaces all but letters, digits, `_` and the characters `also` by underscores, and a leading digit if the text `begins`
/// a name. (Prometheus' data model.)
pub(super) fn sanitize<'a>(name: &'a str, begins: bool, also: &str) -> Cow<'a, str> {
    let is_kept =
        |at: usize, c: char| is_letter(c, also) || (c.is_ascii_digit() && !(begins && at == 0));
    if name.char_indices().all(|(at, c)| is_kept(at, c)) {
        return name.into();
    }
    let sanitized = |(at, c)| if is_kept(at, c) { c } else { '_' };
    name.char_indices().map(sanitized).collect()
}

/// Whether every scraper can take this name: sanitizing it changes nothing.
pub(super) fn is_plain(name: &str, also: &str) -> bool {
    matches!(sanitize(name, true, also), Cow::Borrowed(_)) && !name.is_empty()
}

/// Replaces by underscores what no scraper takes or should have to: control characters, quotes and backslashes.
pub(super) fn mend(name: &str) -> Cow<'_, str> {
    let is_faulty = |c: char| c.is_control() || matches!(c, '"' | '\\');
    if name.contains(is_faulty) {
        name.replace(is_faulty, "_").into()
    } else {
        name.into()
    }
}

pub(super) fn is_letter(c: char, also: &str) -> bool {
    c.is_ascii_alphabetic() || c == '_' || also.contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        for name in ["a", "_1", "http:requests_total"] {
            assert!(matches!(sanitize(name, true, METRIC), Cow::Borrowed(_)));
            assert!(is_plain(name, METRIC));
        }
        for name in ["", "1", "a.b", "größe", "a b"] {
            assert!(!is_plain(name, METRIC), "{name}");
        }
        assert!(!is_plain("a:b", LABEL));
        assert_eq!(sanitize("9", false, METRIC), "9");
    }

    #[test]
    fn all_characters_but_those_that_break_a_line_are_kept() {
        assert!(matches!(mend("größe.in m²"), Cow::Borrowed(_)));
        assert_eq!(mend("a\"b\\c\nd\0e"), "a_b_c_d_e");
    }
}
