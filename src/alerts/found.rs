//! `Found`: one member of a rule, before it is an alert.

use std::borrow::Cow;

use super::evaluated::Evaluated;
use super::labels::Labels;

/// One member of a rule, as [`Evaluated`], with labels that it may share with the samples.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) labels: Cow<'a, Labels>,
    pub(super) value: f64,
    pub(super) holds: bool,
}

impl From<Evaluated> for Found<'_> {
    fn from(evaluated: Evaluated) -> Self {
        Self {
            labels: Cow::Owned(evaluated.labels),
            value: evaluated.value,
            holds: evaluated.holds,
        }
    }
}

impl From<Found<'_>> for Evaluated {
    fn from(found: Found<'_>) -> Self {
        Self {
            labels: found.labels.into_owned(),
            value: found.value,
            holds: found.holds,
        }
    }
}
