//! Sanitizes keys before they are compared.
//!
//! The exporter replaces invalid characters with `_` only when it renders. Two keys that render alike (`shop.visits`
//! and `shop_visits`) would be two series in the recorder, but one line in the text with the value of either.

use std::borrow::Cow;

use metrics::{Key, Label};
use metrics_exporter_prometheus::formatting::{sanitize_label_key, sanitize_metric_name};

/// Returns the key with valid names. The prefix is added later, but decides whether the name may start with a digit.
pub(super) fn canonical<'a>(prefix: &str, key: &'a Key) -> Cow<'a, Key> {
    let begins = prefix.is_empty();
    if is_valid(key.name(), begins, b":")
        && key.labels().all(|label| is_valid(label.key(), true, b""))
    {
        return Cow::Borrowed(key);
    }
    let whole = sanitize_metric_name(&[prefix, key.name()].concat());
    // The prefix is valid, so sanitizing left it unchanged.
    let name = whole.strip_prefix(prefix).unwrap_or(&whole).to_owned();
    let mut labels: Vec<Label> = Vec::new();
    for label in key.labels() {
        let label = Label::new(sanitize_label_key(label.key()), label.value().to_owned());
        // The last of several labels with the same name wins, as in the exporter.
        match labels.iter_mut().find(|own| own.key() == label.key()) {
            Some(own) => *own = label,
            None => labels.push(label),
        }
    }
    Cow::Owned(Key::from_parts(name, labels))
}

/// Whether the name consists of letters, digits, `_` and the bytes `also`, without a leading digit if it `begins`.
fn is_valid(name: &str, begins: bool, also: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || also.contains(byte);
    let first = name.as_bytes().first();
    name.as_bytes().iter().all(is_part) && !(begins && first.is_none_or(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(prefix: &str, name: &'static str, labels: &[(&'static str, &'static str)]) -> String {
        canonical(prefix, &Key::from_parts(name, labels)).to_string()
    }

    #[test]
    fn valid_keys_are_unchanged() {
        let key = Key::from_parts("http:requests_total", &[("_a1", "Größe")]);
        assert!(matches!(canonical("", &key), Cow::Borrowed(_)));
        assert!(matches!(
            canonical("shop_", &Key::from_name("9")),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn invalid_characters_become_underscores() {
        assert_eq!(
            named("", "shop.visits größe", &[]),
            "Key(shop_visits_gr__e)"
        );
        assert_eq!(named("", "9lives", &[]), "Key(_lives)");
        assert_eq!(named("shop_", "9.lives", &[]), "Key(9_lives)");
        let both = named(
            "",
            "a",
            &[("x.y", "1"), ("z", "2"), ("x_y", "3"), ("1:", "4")],
        );
        assert_eq!(both, "Key(a, [x_y = 3, z = 2, __ = 4])");
    }
}
