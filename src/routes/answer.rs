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
    /// Media types, each with the name of its schema, which is empty for a text. Without any, the answer is a problem (RFC 9457).
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
        Self::new(status, description, &[])
    }
}
