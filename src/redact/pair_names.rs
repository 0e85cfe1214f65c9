//! Names of pairs that say which secret their value is: `{"name": "DB_PASSWORD", "value": ".."}`.

#[cfg(any(feature = "logging", feature = "otel"))]
use super::name::is_secret;

/// Whether a value of this name may be the name of another value.
pub(crate) fn is_pair_name(name: &str) -> bool {
    const NAMES: [&str; 6] = ["name", "key", "field", "header", "variable", "var"];
    NAMES.iter().any(|it| name.eq_ignore_ascii_case(it))
}

/// Whether the value of such a name is the name of a secret: `authorization`, `DB_PASSWORD`.
#[cfg(any(feature = "logging", feature = "otel"))]
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.trim_matches('"');
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte);
    name.bytes().all(is_part) && is_secret(name)
}

/// Whether the name of a value of this name may stand beside it.
pub(crate) fn is_pair_value(name: &str) -> bool {
    const VALUES: [&str; 4] = ["value", "val", "content", "data"];
    VALUES.iter().any(|it| name.eq_ignore_ascii_case(it))
}
