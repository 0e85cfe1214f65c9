//! `Scratch`: room that the evaluations of all rules share.

use super::found::Found;
use super::sum::Sum;

/// Room that the evaluations of all rules share, so that they allocate nothing.
#[derive(Debug, Default)]
pub(super) struct Scratch<'a> {
    /// The members of the last rule.
    pub(super) found: Vec<Found<'a>>,
    pub(super) rates: Vec<Sum>,
    pub(super) counts: Vec<f64>,
}
