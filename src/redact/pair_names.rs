//! Names of pairs that say which secret their value is: `{"name": "DB_PASSWORD", "value": ".."}`.

/// Whether a value of this name may be the name of another value.
pub(crate) fn is_pair_name(name: &str) -> bool {
    const NAMES: [&str; 6] = ["name", "key", "field", "header", "variable", "var"];
    NAMES.iter().any(|it| name.eq_ignore_ascii_case(it))
}

/// Whether the name of a value of this name may stand beside it.
pub(crate) fn is_pair_value(name: &str) -> bool {
    const VALUES: [&str; 4] = ["value", "val", "content", "data"];
    VALUES.iter().any(|it| name.eq_ignore_ascii_case(it))
}
