//! [`Parameter`]: the documentation of a parameter of a route.

/// A parameter of a path or a query.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "openapi"),
    expect(dead_code, reason = "only API documents show it")
)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// JSON Schema. A parameter that can be repeated is an array.
    pub(super) schema: &'static str,
}
