//! `Escaping`: the names that a scraper can take.

/// The names that a scraper can take, which it asks for by the parameter `escaping` ("UTF-8 in Prometheus", "Escaping schemes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Escaping {
    /// Other characters than letters, digits and `_` become underscores. Every scraper can take such names.
    Underscores,
    /// All names. Those that need it are quoted.
    AllowUtf8,
    /// Points become `_dot_`, and underscores and all other characters `__`.
    Dots,
    /// `U__`, and `_2E_` in place of a point, by its number in Unicode. Names that need no change stay.
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
}
