//! [`Answer`]: the documentation of a response.

/// A status code, and the contents that a response has with it.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "openapi"),
    expect(dead_code, reason = "only API documents show it")
)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    /// Media types, each with the name of its schema, which is empty for a text.
    pub(super) contents: &'static [(&'static str, &'static str)],
}

impl Answer {
    pub(super) const fn new(
        status: u16,
        description: &'static str,
        contents: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self {
            status,
            description,
            contents,
        }
    }

    pub(super) const fn problem(status: u16, description: &'static str) -> Self {
        const PROBLEM: &[(&str, &str)] = &[("application/problem+json", "problem")];
        Self::new(status, description, PROBLEM)
    }

    /// Without a body.
    #[cfg_attr(
        not(any(feature = "dashboard", feature = "docs-ui", feature = "redoc")),
        expect(dead_code, reason = "only pages answer so")
    )]
    pub(super) const fn empty(status: u16, description: &'static str) -> Self {
        Self::new(status, description, &[])
    }

    /// Whether it is a problem (RFC 9457).
    #[cfg_attr(
        not(feature = "openapi"),
        expect(dead_code, reason = "only API documents ask")
    )]
    pub(super) fn is_problem(&self) -> bool {
        self.contents
            .iter()
            .any(|(media_type, _)| *media_type == "application/problem+json")
    }
}
