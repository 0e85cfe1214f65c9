//! `CanonicalKey`: a key with names that Prometheus accepts, each label once.
//!
//! Names that Prometheus would reject cost a service its whole scrape, so they are changed: other characters become
//! underscores, and a label that would stand twice, or that the format needs itself, gets the prefix `exported_`.

use std::borrow::Cow;

use metrics::Key;

use super::config::StoreConfig;
use crate::exporter::escaping::Escaping;

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
    /// With a prefix, the name may begin with a digit.
    pub(super) fn new(config: &StoreConfig, key: &'a Key) -> Self {
        let labels = key.labels().filter(|label| !label.value().is_empty());
        let labels = labels.map(|label| (config.label_name(label.key()), label.value().into()));
        let mut labels: Vec<(Cow<'a, str>, Cow<'a, str>)> = labels.collect();
        let renamed = rename(key, &mut labels);
        let name = match (&*config.prefix, key.name()) {
            ("", "") => "_".into(),
            (_, name) => config.metric_name(name),
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
    // They must be distinct for scrapers that can take no other names, too.
    let names: Vec<_> = labels.iter().map(|(name, _)| plain(name)).collect();
    let is_fine =
        |(at, name): (usize, &Cow<'_, str>)| !is_reserved(name) && !names[..at].contains(name);
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
        while is_reserved(&plain(&name)) || taken.iter().any(|taken| *taken == plain(&name)) {
            name = format!("exported_{name}");
        }
        if name != labels[at].0 {
            renamed.get_or_insert((recorded[at].0, name.clone()));
            labels[at].0 = name.clone().into();
        }
        taken.push(plain(&name).into_owned());
    }
    renamed
}

fn plain(name: &str) -> Cow<'_, str> {
    Escaping::Underscores.label_name(name)
}

/// Prometheus uses these names itself, and the empty one is not valid.
fn is_reserved(name: &str) -> bool {
    name.is_empty() || name.starts_with("__") || name == "le" || name == "quantile"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(prefix: &str, utf8_names: bool) -> StoreConfig {
        StoreConfig {
            prefix: prefix.to_owned(),
            utf8_names,
            ..StoreConfig::default()
        }
    }

    fn canonical(config: &StoreConfig, key: &Key) -> (String, Vec<(String, String)>) {
        let key = CanonicalKey::new(config, key);
        let labels = key.labels.into_iter();
        let labels = labels.map(|(name, value)| (name.into_owned(), value.into_owned()));
        (key.name.into_owned(), labels.collect())
    }

    fn labels(labels: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        canonical(&config("", false), &Key::from_parts("a", labels)).1
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
        let config = config("", false);
        let canonical = CanonicalKey::new(&config, &key);
        assert!(matches!(
            canonical.name,
            Cow::Borrowed("http:requests_total")
        ));
        assert!(matches!(canonical.labels[0].0, Cow::Borrowed("_a1")));
        assert!(canonical.renamed.is_none());
        let digit = Key::from_name("9");
        let prefixed = self::config("shop_", false);
        assert_eq!(CanonicalKey::new(&prefixed, &digit).name, "9");
    }

    #[test]
    fn invalid_characters_become_underscores() {
        let name =
            |prefix, name: &'static str| canonical(&config(prefix, false), &Key::from_name(name)).0;
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
    fn names_of_all_characters_are_kept_and_differ_for_every_scraper() {
        let key = Key::from_parts(
            "größe.in m²",
            &[
                ("a_b", "1"),
                ("a.b", "2"),
                ("le", "3"),
                ("_.x", "4"),
                ("\"\n", "5"),
                ("9", "6"),
            ],
        );
        let (name, labels) = canonical(&config("", true), &key);
        assert_eq!(name, "größe.in m²");
        assert_eq!(
            labels,
            pairs(&[
                ("exported_a_b", "1"),
                ("a.b", "2"),
                ("exported_le", "3"),
                ("exported__.x", "4"),
                ("exported___", "5"),
                ("9", "6"),
            ])
        );
        assert_eq!(canonical(&config("", true), &Key::from_name("")).0, "_");
    }

    #[test]
    fn an_empty_value_is_no_label() {
        assert_eq!(labels(&[("a", ""), ("b", "1")]), pairs(&[("b", "1")]));
    }
}
