//! `CanonicalKey`: a key with names that Prometheus accepts, each label once.
//!
//! Names that Prometheus would reject cost a service its whole scrape, so they are changed: other characters become
//! underscores, and a label that would stand twice, or that the format needs itself, gets the prefix `exported_`.

use std::borrow::Cow;

use metrics::Key;

/// Replaces label values that are not admitted.
pub(super) const OTHER: &str = "other";

pub(super) struct CanonicalKey<'a> {
    /// Without the prefix.
    pub(super) name: Cow<'a, str>,
    /// Without those of empty values, which are no labels for Prometheus.
    pub(super) labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// A label whose name was changed because the name was taken or empty, and its new name.
    pub(super) renamed: Option<(&'a str, String)>,
}

impl<'a> CanonicalKey<'a> {
    /// The `prefix` decides whether the name may begin with a digit.
    pub(super) fn new(prefix: &str, key: &'a Key) -> Self {
        let labels = key.labels().filter(|label| !label.value().is_empty());
        let labels = labels.map(|label| (sanitize(label.key(), true, b""), label.value().into()));
        let mut labels: Vec<(Cow<'a, str>, Cow<'a, str>)> = labels.collect();
        let renamed = rename(key, &mut labels);
        let name = match (prefix, key.name()) {
            ("", "") => "_".into(),
            (_, name) => sanitize(name, prefix.is_empty(), b":"),
        };
        Self {
            name,
            labels,
            renamed,
        }
    }
}

/// Gives each label a name of its own that is not reserved. The order of the labels plays no part, because it plays none in
/// the identity of a series. Returns the first renamed label and its new name.
fn rename<'a>(
    key: &'a Key,
    labels: &mut [(Cow<'a, str>, Cow<'a, str>)],
) -> Option<(&'a str, String)> {
    let is_taken = |name: &str, taken: &[&str]| is_reserved(name) || taken.contains(&name);
    let names: Vec<_> = labels.iter().map(|(name, _)| &**name).collect();
    let is_fine = |(at, name): (usize, &&str)| !is_taken(name, &names[..at]);
    if names.iter().enumerate().all(is_fine) {
        return None;
    }
    let recorded = key.labels().filter(|label| !label.value().is_empty());
    let recorded: Vec<_> = recorded.map(|label| (label.key(), label.value())).collect();
    // Names that need no change come first, so that they keep theirs.
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&at| (recorded[at].0 != labels[at].0, recorded[at]));
    let mut taken: Vec<String> = Vec::new();
    let mut renamed = None;
    for at in order {
        let mut name = labels[at].0.to_string();
        while is_reserved(&name) || taken.contains(&name) {
            name = format!("exported_{name}");
        }
        if name != labels[at].0 {
            renamed.get_or_insert((recorded[at].0, name.clone()));
            labels[at].0 = name.clone().into();
        }
        taken.push(name);
    }
    renamed
}

/// Prometheus uses these names itself, and the empty one is not valid.
fn is_reserved(name: &str) -> bool {
    name.is_empty() || name.starts_with("__") || name == "le" || name == "quantile"
}

/// Replaces all but letters, digits, `_` and the bytes `also` by underscores, and a leading digit if the text `begins` a
/// name. (Prometheus' data model.)
pub(in crate::exporter) fn sanitize<'a>(name: &'a str, begins: bool, also: &[u8]) -> Cow<'a, str> {
    let is_part = |c: char| {
        c.is_ascii_alphanumeric() || c == '_' || u8::try_from(c).is_ok_and(|c| also.contains(&c))
    };
    let is_bad_start = begins && name.starts_with(|c: char| c.is_ascii_digit());
    if name.chars().all(is_part) && !is_bad_start {
        return name.into();
    }
    let valid = name.char_indices().map(|(at, c)| match c {
        _ if at == 0 && is_bad_start => '_',
        c if is_part(c) => c,
        _ => '_',
    });
    valid.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(prefix: &str, key: &Key) -> (String, Vec<(String, String)>) {
        let key = CanonicalKey::new(prefix, key);
        let labels = key.labels.into_iter();
        let labels = labels.map(|(name, value)| (name.into_owned(), value.into_owned()));
        (key.name.into_owned(), labels.collect())
    }

    fn labels(labels: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        canonical("", &Key::from_parts("a", labels)).1
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn valid_keys_are_unchanged() {
        let key = Key::from_parts("http:requests_total", &[("_a1", "Größe")]);
        let canonical = CanonicalKey::new("", &key);
        assert!(matches!(
            canonical.name,
            Cow::Borrowed("http:requests_total")
        ));
        assert!(matches!(canonical.labels[0].0, Cow::Borrowed("_a1")));
        assert!(canonical.renamed.is_none());
        let digit = Key::from_name("9");
        assert_eq!(CanonicalKey::new("shop_", &digit).name, "9");
    }

    #[test]
    fn invalid_characters_become_underscores() {
        let name = |prefix, name: &'static str| canonical(prefix, &Key::from_name(name)).0;
        assert_eq!(name("", "shop.visits größe"), "shop_visits_gr__e");
        assert_eq!(name("", "9lives"), "_lives");
        assert_eq!(name("shop_", "9.lives"), "9_lives");
        assert_eq!(name("", ""), "_");
    }

    #[test]
    fn each_label_name_stands_once_and_reserved_names_are_moved() {
        assert_eq!(
            labels(&[("le", "s"), ("quantile", "q"), ("__name__", "n"), ("", "e")]),
            pairs(&[
                ("exported_le", "s"),
                ("exported_quantile", "q"),
                ("exported___name__", "n"),
                ("exported_", "e")
            ])
        );
        assert_eq!(
            labels(&[
                ("x.y", "1"),
                ("z", "2"),
                ("x_y", "3"),
                ("x_y", "4"),
                ("1:", "5")
            ]),
            pairs(&[
                ("exported_exported_x_y", "1"),
                ("z", "2"),
                ("x_y", "3"),
                ("exported_x_y", "4"),
                ("exported___", "5")
            ])
        );
    }

    #[test]
    fn an_empty_value_is_no_label() {
        assert_eq!(labels(&[("a", ""), ("b", "1")]), pairs(&[("b", "1")]));
    }
}
