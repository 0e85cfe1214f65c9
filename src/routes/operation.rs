//! [`Operation`]: the documentation of a route.

use super::answer::Answer;
use super::parameter::Parameter;

/// What API documents say of a route. A route cannot be added without one. Schemas are named by their file below
/// `openapi/schemas`, and by a slash and a name in its `$defs`.
///
/// The answers of the guard, and the status of degraded health, follow from the configuration of the routes.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "openapi"),
    expect(dead_code, reason = "only API documents show it")
)]
pub(super) struct Operation {
    /// The group of routes that it belongs to.
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    /// In Markdown. Can be empty.
    pub(super) description: &'static str,
    /// The parameter of the path. Its name replaces that of the route.
    pub(super) path: Option<Parameter>,
    pub(super) query: &'static [Parameter],
    /// The schema of the body, which is JSON.
    pub(super) body: Option<&'static str>,
    pub(super) answers: &'static [Answer],
    /// The operation of PUT, beside that of GET.
    pub(super) put: Option<&'static Operation>,
}

impl Operation {
    /// An operation without parameters and body.
    pub(super) const fn new(
        tag: &'static str,
        summary: &'static str,
        answers: &'static [Answer],
    ) -> Self {
        Self {
            tag,
            summary,
            description: "",
            path: None,
            query: &[],
            body: None,
            answers,
            put: None,
        }
    }
}
