//! `Escaping`: the names that a scraper can take.

use std::borrow::Cow;
use std::fmt::Write;

use super::names::{LABEL, METRIC, is_letter, is_plain, sanitize};

/// The names that a scraper can take, which it asks for by the parameter `escaping` ("UTF-8 metric and label name escaping
/// schemes"). Where that page and the code of Prometheus differ (the case of hexadecimal digits, and `__` for other characters
/// of dots), this follows the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Escaping {
    /// Other characters than letters, digits and `_` become underscores. Every scraper can take such names.
    #[default]
    Underscores,
    /// All names. Those that need it are quoted.
    AllowUtf8,
    /// Points become `_dot_`, and underscores and all other characters `__`.
    Dots,
    /// `U__`, and `_2e_` in place of a point, by its number in Unicode. Names that need no change stay.
    Values,
}

impl Escaping {
    /// Returns the escaping of this name, if it is known.
    #[cfg_attr(
        not(feature = "axum"),
        expect(dead_code, reason = "only the routes use it")
    )]
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Underscores, Self::AllowUtf8, Self::Dots, Self::Values];
        all.into_iter().find(|escaping| escaping.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Underscores => "underscores",
            Self::AllowUtf8 => "allow-utf-8",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    pub(super) fn metric_name(self, name: &str) -> Cow<'_, str> {
        self.escape(name, METRIC)
    }

    pub(super) fn label_name(self, name: &str) -> Cow<'_, str> {
        self.escape(name, LABEL)
    }

    fn escape<'a>(self, name: &'a str, also: &str) -> Cow<'a, str> {
        match self {
            Self::Underscores => sanitize(name, true, also),
            Self::AllowUtf8 => name.into(),
            Self::Dots => dots(name, also).into(),
            // A plain name that looks escaped would be ambiguous.
            Self::Values if is_plain(name, also) && !name.starts_with("U__") => name.into(),
            Self::Values => values(name, also).into(),
        }
    }
}

fn dots(name: &str, also: &str) -> String {
    let mut escaped = String::with_capacity(name.len() + 16);
    for (at, c) in name.char_indices() {
        match c {
            '.' => escaped.push_str("_dot_"),
            c if c != '_' && is_kept(at, c, also) => escaped.push(c),
            _ => escaped.push_str("__"),
        }
    }
    escaped
}

fn values(name: &str, also: &str) -> String {
    let mut escaped = String::with_capacity(name.len() + 16);
    escaped.push_str("U__");
    for (at, c) in name.char_indices() {
        match c {
            '_' => escaped.push_str("__"),
            c if is_kept(at, c, also) => escaped.push(c),
            // Writing to a string does not fail.
            c => drop(write!(escaped, "_{:x}_", u32::from(c))),
        }
    }
    escaped
}

fn is_kept(at: usize, c: char, also: &str) -> bool {
    is_letter(c, also) || (c.is_ascii_digit() && at > 0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const ALL: [Escaping; 4] = [
        Escaping::Underscores,
        Escaping::AllowUtf8,
        Escaping::Dots,
        Escaping::Values,
    ];

    /// The last three columns are those of `EscapeName` in Prometheus' `common/model`, but for the last line.
    #[test]
    fn each_escaping_is_that_of_prometheus() {
        for (name, underscores, dots, values) in [
            ("http_total", "http_total", "http__total", "http_total"),
            ("a:b", "a:b", "a:b", "a:b"),
            ("a.b", "a_b", "a_dot_b", "U__a_2e_b"),
            ("a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c"),
            ("9.a9", "__a9", "___dot_a9", "U___39__2e_a9"),
            ("a/b ü", "a_b__", "a__b____", "U__a_2f_b_20__fc_"),
            ("🦀", "_", "__", "U___1f980_"),
            ("U__a", "U__a", "U____a", "U__U____a"),
        ] {
            let escaped = ALL.map(|escaping| escaping.metric_name(name).into_owned());
            assert_eq!(escaped, [underscores, name, dots, values], "{name}");
        }
        assert_eq!(Escaping::Underscores.label_name("a:b"), "a_b");
        assert_eq!(Escaping::Values.label_name("a:b"), "U__a_3a_b");
        for escaping in ALL {
            assert_eq!(Escaping::from_name(escaping.as_str()), Some(escaping));
        }
        assert_eq!(Escaping::from_name("Dots"), None);
    }

    proptest! {
        /// So only underscores can make one name of two.
        #[test]
        fn names_that_differ_with_underscores_differ_in_all(
            names in prop::collection::vec("[.a_/0U]{1,8}|U__[a2e_]{0,6}|(_dot_|_2e_|__|\\.|a){1,4}", 2..40),
        ) {
            for escaping in ALL {
                let mut seen = HashMap::new();
                for name in &names {
                    let escaped = escaping.metric_name(name).into_owned();
                    prop_assert!(escaping == Escaping::AllowUtf8 || is_plain(&escaped, METRIC));
                    let other = seen.entry(escaped).or_insert(name);
                    if *other == name {
                        continue;
                    }
                    prop_assert!(escaping != Escaping::Values && escaping != Escaping::AllowUtf8);
                    let [a, b] = [*other, name].map(|name| Escaping::Underscores.metric_name(name));
                    prop_assert_eq!(a, b, "{:?}", escaping);
                }
            }
        }
    }
}
